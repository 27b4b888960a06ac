"""A plan → Markdown, with as much detail as fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import OnFailure, RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.plan import danger, notes, views
from entrypoint.report.plan.costs import basis, cost_rows, cost_words, delta_words
from entrypoint.report.plan.field_changes import Changes, field_changes, is_short
from entrypoint.report.plan.forecasts import duration
from entrypoint.report.plan.headline import headline
from entrypoint.report.plan.limits import Cut, Limits, rungs
from entrypoint.report.plan.machine_rows import kept_machines, touched_machines
from entrypoint.report.plan.occasion import occasion
from entrypoint.report.plan.order import order
from entrypoint.report.plan.settings import settings_lines
from entrypoint.report.plan.table import Row, image_line, left_alone, rows
from entrypoint.report.plan.volumes import volume_rows, volume_table
from entrypoint.report.text.escape import Md, code, inline
from entrypoint.report.text.markdown import render
from entrypoint.report.text.words import count

MOST_CHARACTERS = 65_000
MOST_BYTES = 250_000
"""GitHub's documentation allows 65,536 characters, its servers 262,144 bytes. A comment stays within both."""
LEAST_ROOM = 2_000
"""Characters that the shortest plan needs beside its record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """The data of a plan comment."""

    plan: Plan
    findings: Sequence[Finding]
    run: RunContext
    environment: str
    elsewhere: str


def plan_markdown(
    plan: Plan,
    *,
    findings: Sequence[Finding],
    run: RunContext,
    environment: str,
    room: int = MOST_CHARACTERS,
) -> str:
    """The visible part of the comment: the most detailed form within `room` characters. `room` is larger for the summary."""
    elsewhere = (
        "the job summary and plan.json have everything"
        if room <= MOST_CHARACTERS
        else "plan.json has everything"
    )
    told = _Told(plan=plan, findings=findings, run=run, environment=environment, elsewhere=elsewhere)
    text = ""
    for limits in rungs():
        text = _render(told, limits)
        if len(text) <= room and len(text.encode()) <= max(room, MOST_BYTES):
            return text
    return text


def _render(told: _Told, limits: Limits) -> str:
    plan, run, cut = told.plan, told.run, Cut()
    stops = notes.stops(plan, told.findings, run)
    changes = _changes(plan, limits, cut)
    view = views.PlanView(
        title=_title(told, stops=len(stops)),
        note=_note(told),
        alarm=_alarm(plan, run, stops=len(stops)),
        alarms=_alarms(plan, stops, limits, cut),
        before=occasion(run).before,
        notes=cut.some(notes.notes(plan, told.findings, run), limits.notes, "remark"),
        rows=_rows(plan, limits, cut),
        left_alone=left_alone(plan, most=limits.idle_groups),
        image=_image(plan),
        changes=changes,
        unfolded=Md(" open" if is_short(changes) else ""),
        created=cut.some(views.created_parts(plan), limits.created, "new group"),
        strategy=_strategy(plan),
        order=cut.some(order(plan), limits.order, "stage"),
        machines=(
            *cut.some(touched_machines(plan), limits.machines, "machine"),
            *cut.some(kept_machines(plan), limits.kept, "machine"),
        ),
        volumes=volume_table(cut.some(volume_rows(plan), limits.volumes, "row of volumes")),
        costs=cut.some(_costs(plan), limits.costs, "row of costs"),
        settings=cut.some(settings_lines(plan), limits.settings, "line of settings"),
        basis=basis(plan.cost, today=_today(run)) if plan.cost else Md(""),
        footer=views.footer(plan, run),
        cut=Md(f"_{words}: {told.elsewhere}._" if (words := cut.words()) else ""),
        idle=_idle(plan),
    )
    is_idle = not plan.has_changes and not view.alarm
    return render("idle.md.j2" if is_idle else "plan.md.j2", view=view)


def _title(told: _Told, *, stops: int) -> Md:
    plan = told.plan
    app = f"{inline(plan.app)}{f' ({inline(told.environment)})' if told.environment else ''}"
    if danger.is_refused(plan):
        return Md(f"{app} · cannot deploy: would {headline(plan)}{_delta(plan)}")
    if stops:
        return Md(f"{app} · cannot deploy: {count(stops, 'problem')}")
    return Md(f"{app} · {headline(plan)}{_delta(plan)}")


def _note(told: _Told) -> Md:
    """The note of flightplan.toml as a quotation, so that it does not look like our text."""
    if not told.plan.note:
        return Md("")
    return Md(f"> **Note in flightplan.toml:** {inline(told.plan.note)}")


def _delta(plan: Plan) -> str:
    words = delta_words(plan.cost) if plan.cost else ""
    return f" · {words}" if words else ""


def _alarm(plan: Plan, run: RunContext, *, stops: int) -> Md:
    """The first sentence of the red block."""
    takes = danger.took_words(plan)
    if danger.is_refused(plan):
        more = f", and has {count(stops, 'more problem')}" if stops else ""
        return Md(f"**Cannot deploy: would {takes}{more}.** {danger.consent_words(plan)}")
    if stops:
        also = f" Then it would {takes}. {danger.consent_words(plan)}" if takes else ""
        head = f"**Cannot deploy: {count(stops, 'problem')}.** Nothing is deployed as long as this stands."
        return Md(f"{head}{also}")
    would = occasion(run).would
    return Md(f"**{would} {takes}.** {danger.consent_words(plan)}" if takes else "")


def _alarms(plan: Plan, stops: Sequence[Md], limits: Limits, cut: Cut) -> tuple[Md, ...]:
    lines, hidden = danger.taken_lines(plan, most_ids=limits.destroyed)
    cut.add("destroyed machine", hidden)
    return (*lines, *cut.some(stops, limits.stops, "problem"))


def _rows(plan: Plan, limits: Limits, cut: Cut) -> tuple[Row, ...]:
    """The rows of the table, in the plan's order. If there are too many, those that matter most."""
    found = tuple(rows(plan))
    ranked = sorted(range(len(found)), key=lambda index: not found[index].matters)
    kept = set(cut.some(ranked, limits.rows, "row of the table"))
    return tuple(row for index, row in enumerate(found) if index in kept)


def _changes(plan: Plan, limits: Limits, cut: Cut) -> tuple[Changes, ...]:
    parts, left_out = field_changes(plan, most=limits.fields, most_commands=limits.commands)
    cut.add("field change", left_out)
    return parts


def _strategy(plan: Plan) -> Md:
    failure = {
        OnFailure.ROLLBACK: "a failure rolls back what was changed",
        OnFailure.HOLD: "a failure stops, and nothing is rolled back",
    }[plan.on_failure]
    return Md(f"Strategy {code(plan.strategy)}: {failure}.")


def _costs(plan: Plan) -> tuple[tuple[Md, Md, Md, Md], ...]:
    return tuple(cost_rows(plan.cost)) if plan.cost and delta_words(plan.cost) else ()


def _image(plan: Plan) -> Md:
    """The image, what the app costs with it, and how long it takes."""
    costs = cost_words(plan.cost) if plan.cost else ""
    image = image_line(plan, moves=notes.tag_may_move(plan))
    return Md(" · ".join(part for part in (image, costs, duration(plan)) if part))


def _idle(plan: Plan) -> Md:
    if any(group.is_down for group in plan.groups):
        return Md("Config and image of every machine stay as they are.")
    if not any(group.kept or group.steps for group in plan.groups):
        return Md("There are no machines, and none are asked for.")
    return Md("Every machine already runs what fly.toml and the image ask for.")


def _today(run: RunContext) -> date:
    return datetime.fromtimestamp(run.started_at, UTC).date()
