"""What a plan comment says, decided: every field is Markdown or a number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Counts, GroupPlan, Image, ImageSource, Plan
from entrypoint.planning.model.steps import (
    ChangeKind,
    Create,
    FieldChange,
    Start,
    Update,
    is_done,
    machine_of,
)
from entrypoint.report.created import created
from entrypoint.report.escape import Md, code, fence, inline
from entrypoint.report.order import step_name
from entrypoint.report.short_image import shown_images
from entrypoint.report.values import shown, shown_pair
from entrypoint.report.verbs import is_shown, verb_of
from entrypoint.report.words import count, join, short_id

_ORDER = ("swap", "canary", "update", "create", "start", "replace", "destroy", "remove", "route")
"""In which order a headline says what happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: one group in one region."""

    group: Md
    region: Md
    now: Md
    after: Md
    what: Md
    gate: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The field changes that some machines of a group share."""

    group: Md
    machines: Md
    diff: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The whole plan part."""

    title: Md
    stops: tuple[Md, ...]
    notes: tuple[Md, ...]
    rows: tuple[Row, ...]
    left_alone: Md
    image: Md
    changes: tuple[Changes, ...]
    order: tuple[Md, ...]
    machines: tuple[tuple[Md, ...], ...]
    volumes: tuple[tuple[Md, ...], ...]
    """Name, region, groups, attached, given, made, left, unused: those that the plan moves."""
    footer: Md
    digest: Md
    shows_changes: bool
    shows_machines: bool
    cut: Md
    created: tuple[tuple[Md, tuple[tuple[Md, Md], ...]], ...]
    """New machines in full: never left out, however little room there is."""
    costs: tuple[tuple[Md, Md, Md, Md], ...]
    """Only where the deploy changes what the app costs."""
    basis: Md
    """Which prices they are."""
    idle: Md
    """Why nothing happens, where nothing does."""


def headline(plan: Plan) -> str:
    """What will happen, in words."""
    steps = [step for _, step in plan.steps() if not is_done(step)]
    found = Counter(verb_of(step) for step in steps if is_shown(step))
    parts = [(verb, found[verb]) for verb in _ORDER]
    said = [(verb, n) for verb, n in parts if n]
    if not said and plan.growths:
        return f"extend {count(len(plan.growths), 'volume')}"
    if not said:
        down = sum(group.is_down for group in plan.groups)
        return (
            f"nothing changes, and {count(down, 'group')} {'is' if down == 1 else 'are'} down"
            if down
            else "nothing to do"
        )
    first = f"{said[0][0]} {count(said[0][1], 'machine')}"
    if said[0][0] == "canary":
        first = count(said[0][1], "canary machine")
    return ", ".join([first, *(f"{verb} {n}" for verb, n in said[1:])])


def rows(plan: Plan) -> Iterator[Row]:
    """The table, groups with something to do only."""
    for group in plan.groups:
        if not any(not is_done(step) for step in group.steps):
            continue
        for index, (region, counts) in enumerate(group.regions):
            name = Md(f"**{code(group.name)}**{' 🆕' if group.is_new else ''}") if index == 0 else Md("")
            yield Row(
                group=name,
                region=code(region) if region else Md("any"),
                now=Md(str(counts.now or "–")),
                after=_after(counts),
                what=_what(group, counts, region),
                gate=code(group.gate) if group.gate else Md(""),
            )


def _after(counts: Counts) -> Md:
    if not counts.new_standbys:
        return Md(str(counts.after))
    standbys = "standby" if counts.new_standbys == 1 else f"{counts.new_standbys} standbys"
    return Md(f"{counts.after - counts.new_standbys} + {standbys}")


def _what(group: GroupPlan, counts: Counts, region: str) -> Md:
    parts = []
    here = [step for step in group.steps if step.region == region and not is_done(step)]
    if counts.destroy:
        parts.append(f"**destroy {counts.destroy}**")
    if counts.replace:
        parts.append(f"**replace {counts.replace}**")
    if counts.remove:
        parts.append(f"remove {counts.remove} left over from an interrupted deploy")
    if counts.canary:
        parts.append("a canary first")
    if counts.swap:
        reasons = dict.fromkeys(step.reason for step in here if verb_of(step) == "swap")
        parts.append(f"swap {counts.swap} for new ones — {inline('; '.join(reasons))}")
    if counts.create:
        made = counts.create - counts.new_standbys
        standby = " and a standby for it" if counts.new_standbys else ""
        parts.append(f"create {made}{standby}")
    if counts.update:
        updates = [step for step in here if isinstance(step, Update)]
        reasons = dict.fromkeys(step.reason for step in updates)
        parts.append(f"update {counts.update}{_and_start(updates)} — {inline('; '.join(reasons))}")
    started = sum(isinstance(step, Start) for step in here)
    if started:
        parts.append(f"start {started}")
    if counts.route:
        parts.append(f"put {counts.route} back into routing")
    if counts.keep:
        parts.append(f"leave {counts.keep} alone")
    if group.volumes and counts.update:
        parts.append("volume stays" if len(group.volumes) == 1 else "volumes stay")
    return Md("; ".join(parts))


def _and_start(updates: list[Update]) -> str:
    started = sum(step.start for step in updates)
    if not started:
        return ""
    whom = str(started) if started < len(updates) else "them" if started > 1 else "it"
    return f" and start {whom}"


def left_alone(plan: Plan) -> Md:
    """Groups that nothing happens to, in one line."""
    idle = [group.name for group in plan.groups if not any(not is_done(step) for step in group.steps)]
    if not idle or len(idle) == len(plan.groups):
        return Md("")
    return Md(f"Left alone: {join([code(name) for name in idle])}.")


def image_line(image: Image, live: tuple[str, ...]) -> Md:
    """From what to what."""
    olds, new = shown_images(live[:3], image.ref)
    before = ", ".join(code(text) for text in olds) or "none"
    if image.source is ImageSource.BUILT_ON_MERGE:
        return Md(f"Image {before} → built on merge")
    if image.ref is None:
        return Md(f"Image {before} stays")
    digest = f" ({code(image.digest[:19] + '…')})" if image.digest else ""
    said = {ImageSource.FILE: " from fly.toml", ImageSource.PROMOTED: " as reviewed"}.get(image.source, "")
    return Md(f"Image {before} → {code(new)}{digest}{said}")


def changes(plan: Plan) -> Iterator[Changes]:
    """Field by field, machines with the same changes together."""
    for group in plan.groups:
        shared: dict[tuple[str, ...], list[str]] = {}
        for step in group.steps:
            if isinstance(step, Update | Create) and not is_done(step) and step.changes:
                lines = tuple(line for change in step.changes for line in _diff_lines(change))
                shared.setdefault(lines, []).append(step.reason)
        for lines, found in shared.items():
            yield Changes(
                group=code(group.name),
                machines=Md(count(len(found), "machine")),
                diff=fence(list(lines), language="diff"),
            )


def _diff_lines(change: FieldChange) -> Iterator[str]:
    yield f"  {'.'.join(change.path)}"
    if change.redacted:
        yield f"~ ({change.kind.value}; values are never shown)"
        return
    match change.kind:
        case ChangeKind.ADDED:
            yield f"+ {shown(change.after)}"
        case ChangeKind.REMOVED:
            yield f"- {shown(change.before)}"
        case ChangeKind.CHANGED:
            before, after = shown_pair(change.before, change.after)
            yield f"- {before}"
            yield f"+ {after}"
        case _:
            assert_never(change.kind)


def created_parts(plan: Plan) -> Iterator[tuple[Md, tuple[tuple[Md, Md], ...]]]:
    """New machines that are alike: how many and where, and what they are."""
    for item in created(plan):
        number = sum(n for _, n in item.regions)
        where = join([f"{n} in {code(region) if region else 'any region'}" for region, n in item.regions])
        standby = f", {count(item.standbys, 'standby')} among them"
        head = f"{code(item.group)} · {count(number, 'machine')}: {where}{standby if item.standbys else ''}"
        facts = tuple(
            (Md(name), Md(", ".join(code(value) for value in values))) for name, values in item.facts
        )
        yield Md(head), facts


def machines(plan: Plan) -> Iterator[tuple[Md, ...]]:
    """One row a machine: id, group, region, state, what, why."""
    for group in plan.groups:
        for step in filter(is_shown, group.steps):
            done = " (done before the interruption)" if is_done(step) else ""
            name = Md("new") if isinstance(step, Create) and step.done is None else step_name(step)
            live = machine_of(step)
            state = inline(live.state) if live else Md("")
            verb = Md(f"{verb_of(step)}{done}")
            yield (name, code(group.name), code(step.region or "any"), state, verb, inline(step.reason))
        for kept in group.kept:
            yield (
                code(kept.machine.id),
                code(group.name),
                code(kept.machine.region),
                inline(kept.machine.state),
                Md("leave alone"),
                inline(kept.reason),
            )


def footer(plan: Plan, run: RunContext) -> Md:
    """What merging does, and where this comes from."""
    parts = ["Merging deploys this, once every change that comes with it is found reviewed."]
    if plan.blockers:
        parts = ["Merging deploys nothing as long as this stands."]
    elif run.pull_number is not None and run.retention_days is not None:
        until = datetime.fromtimestamp(run.started_at, UTC) + timedelta(days=run.retention_days)
        parts.append(f"This review holds until {until:%-d %B %Y}")
    parts.append(f"Plan {code(short_id(plan.digests.plan))}")
    if run.sha:
        parts.append(f"from {code(run.sha[:7])}")
    if run.run_url:
        parts.append(f"[run]({run.run_url})")
    return Md(" · ".join(parts))
