"""The table of a plan comment, with one row for each group in each region, and the lines around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrypoint.planning.model.image import ImageSource
from entrypoint.planning.model.plan import Counts, GroupPlan, Plan
from entrypoint.planning.model.steps import Start, Step, Update, is_done
from entrypoint.report.live_images import groups_by_image
from entrypoint.report.plan.standbys import standbys_after, standbys_now
from entrypoint.report.plan.verbs import verb_of
from entrypoint.report.text.escape import Md, code, inline
from entrypoint.report.text.names import name
from entrypoint.report.text.short_image import short_image, shown_images, stays
from entrypoint.report.text.words import count, join

MOST_IMAGES = 3
"""Live images that are named, and groups that are named for each."""
MOST_REASONS = 3
"""Reasons of updates in one row, each with its number of machines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table: one group in one region."""

    group: Md
    region: Md
    now: Md
    after: Md
    what: Md
    gate: Md
    matters: bool
    """It destroys machines, or belongs to a new group. Such rows are left out last."""


def rows(plan: Plan) -> Iterator[Row]:
    """The rows of the groups that have something to do."""
    for group in plan.groups:
        if not any(not is_done(step) for step in group.steps):
            continue
        for region, counts in group.regions:
            yield Row(
                group=Md(f"**{name(group.name)}**{' 🆕' if group.is_new else ''}"),
                region=code(region) if region else Md("any"),
                now=_counted(counts.now, standbys_now(group, region)),
                after=_counted(counts.after, standbys_after(group, region), zero="0"),
                what=_what(group, counts, region),
                gate=name(group.gate) if group.gate and _waits(counts) else Md("–"),
                matters=bool(counts.destroy or counts.replace or group.is_new),
            )


def _waits(counts: Counts) -> bool:
    """Whether any machine here must become healthy."""
    return any((counts.create, counts.update, counts.replace, counts.swap, counts.start, counts.route))


def _counted(machines: int, standbys: int, *, zero: str = "–") -> Md:
    """The count, with standbys separately. For example: 2; 1 + standby; 2 + 2 standbys; standby."""
    if not standbys:
        return Md(str(machines) if machines else zero)
    words = "standby" if standbys == 1 else f"{standbys} standbys"
    return Md(f"{machines - standbys} + {words}" if machines > standbys else words)


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
        parts += (
            f"update {len(same)}{and_start(same)} — {inline(reason)}" for reason, same in by_reason(updates)
        )
    started = sum(isinstance(step, Start) for step in here)
    if started:
        parts.append(f"start {started}")
    if counts.route:
        parts.append(f"uncordon {counts.route}")
    if counts.keep:
        parts.append(f"{counts.keep} unchanged")
    if group.volumes and counts.update:
        parts.append("volume stays" if len(group.volumes) == 1 else "volumes stay")
    return Md("; ".join(parts))


def by_reason(steps: Sequence[Step]) -> list[tuple[str, list[Step]]]:
    """The steps grouped by reason. If there are too many reasons, all steps in one group."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(step.reason, []).append(step)
    return list(found.items()) if len(found) <= MOST_REASONS else [("; ".join(found), list(steps))]


def and_start(steps: Sequence[Step]) -> str:
    """How many stopped machines are started with these updates, in words; empty if none."""
    updates = [step for step in steps if isinstance(step, Update)]
    started = sum(step.start for step in updates)
    if not started:
        return ""
    whom = str(started) if started < len(updates) else "them" if started > 1 else "it"
    return f" and start {whom}"


def left_alone(plan: Plan, *, most: int) -> Md:
    """The groups without changes, in one line; at most `most` are named."""
    idle = [group.name for group in plan.groups if not any(not is_done(step) for step in group.steps)]
    if not idle or len(idle) == len(plan.groups):
        return Md("")
    named = [name(group) for group in idle[:most]]
    more = [Md(count(len(idle) - most, "more group"))] if len(idle) > most else []
    return Md(f"Unchanged: {join([*named, *more])}.")


def _of(groups: Sequence[str]) -> str:
    """The groups in words."""
    more = [count(len(groups) - MOST_IMAGES, "more group")] if len(groups) > MOST_IMAGES else []
    return f" ({join([*map(name, groups[:MOST_IMAGES]), *more])})" if groups else ""


def image_line(plan: Plan, *, moves: bool) -> Md:
    """The old and the new image; by group if they differ. `moves`: the tag may name another image when this is deployed."""
    image, live = plan.image, plan.live_images[:MOST_IMAGES]
    if stays(plan.live_images, image.digest):
        return Md(f"Image {code(short_image(live[0]))} stays")
    olds, new = shown_images(live, image.ref)
    groups = groups_by_image(plan)
    who = (groups.get(text, ()) for text in live)
    before = ", ".join(f"{code(old)}{_of(names)}" for old, names in zip(olds, who, strict=True)) or "none"
    if image.source is ImageSource.BUILT_ON_MERGE:
        return Md(f"Image {before} → built on merge")
    if image.ref is None:
        return Md(f"Image {before} stays" if live else "No image")
    now = " now; a tag may move: give the digest to be sure" if moves else ""
    digest = f" ({code(image.digest[:19] + '…')}{now})" if image.digest else ""
    said = {ImageSource.FILE: " from fly.toml", ImageSource.PROMOTED: " as reviewed"}.get(image.source, "")
    return Md(f"Image {before} → {code(new)}{digest}{said}")
