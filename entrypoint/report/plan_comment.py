"""A plan → Markdown, as rich as fits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import IntEnum

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report import notes, views
from entrypoint.report.costs import basis, cost_rows, cost_words, delta_words
from entrypoint.report.escape import Md, code, inline
from entrypoint.report.forecasts import duration
from entrypoint.report.markdown import render
from entrypoint.report.order import order
from entrypoint.report.volumes import volume_table

MOST_CHARACTERS = 65_000
MOST_BYTES = 250_000
"""GitHub takes 65,536 characters by its own words and 262,144 bytes by experience; both readings are kept."""
LEAST_ROOM = 2_000
"""Characters that the shortest plan needs beside its record."""
MOST_NOTES = 25


class Detail(IntEnum):
    """A ladder: each rung leaves something out, none cuts through anything."""

    FULL = 0
    NO_MACHINES = 1
    NO_CHANGES = 2
    COUNTS = 3


def plan_markdown(
    plan: Plan,
    *,
    findings: Sequence[Finding],
    run: RunContext,
    environment: str,
    room: int = MOST_CHARACTERS,
) -> str:
    """The plan part of the comment: the richest rung within `room` characters. The summary passes a large room."""
    text = ""
    for detail in Detail:
        text = _render(plan, findings=findings, run=run, environment=environment, detail=detail)
        if len(text) <= room and len(text.encode()) <= max(room, MOST_BYTES):
            return text
    return text


def _render(
    plan: Plan, *, findings: Sequence[Finding], run: RunContext, environment: str, detail: Detail
) -> str:
    stops = notes.stops(plan, findings, run)
    remarks = notes.notes(plan, findings, run)
    hidden = max(0, len(remarks) - MOST_NOTES) if detail is not Detail.FULL else 0
    view = views.PlanView(
        title=_title(plan, environment, is_blocked=bool(stops)),
        stops=stops,
        notes=remarks[: len(remarks) - hidden],
        rows=tuple(views.rows(plan)),
        left_alone=views.left_alone(plan),
        image=_image(plan),
        changes=tuple(views.changes(plan)) if detail < Detail.NO_CHANGES else (),
        order=tuple(order(plan)) if detail < Detail.COUNTS else (),
        machines=tuple(views.machines(plan)) if detail is Detail.FULL else (),
        volumes=tuple(volume_table(plan)) if detail is Detail.FULL else (),
        footer=views.footer(plan, run),
        digest=code(plan.digests.plan),
        shows_changes=detail < Detail.NO_CHANGES,
        shows_machines=detail is Detail.FULL,
        created=tuple(views.created_parts(plan)),
        costs=tuple(cost_rows(plan.cost)) if plan.cost and delta_words(plan.cost) else (),
        basis=basis(plan.cost, today=_today(run)) if plan.cost else Md(""),
        idle=Md("Config and image of every machine stay as they are.")
        if any(group.is_down for group in plan.groups)
        else Md("Every machine already runs what fly.toml and the image ask for."),
        cut=Md("")
        if detail is Detail.FULL
        else Md("_Shortened to fit a comment: the job summary and plan.json have everything._"),
    )
    is_idle = not plan.has_changes and not stops
    return render("idle.md.j2" if is_idle else "plan.md.j2", view=view)


def _image(plan: Plan) -> Md:
    """The image, what the app costs with it, and how long it takes."""
    costs = cost_words(plan.cost) if plan.cost else ""
    image = views.image_line(plan.image, plan.live_images)
    return Md(" · ".join(part for part in (image, costs, duration(plan)) if part))


def _today(run: RunContext) -> date:
    return datetime.fromtimestamp(run.started_at, UTC).date()


def _title(plan: Plan, environment: str, *, is_blocked: bool) -> Md:
    name = f"{inline(plan.app)}{f' ({inline(environment)})' if environment else ''}"
    return Md(f"{name} · {'cannot deploy yet: ' if is_blocked else ''}{views.headline(plan)}{_delta(plan)}")


def _delta(plan: Plan) -> str:
    words = delta_words(plan.cost) if plan.cost else ""
    return f" · {words}" if words else ""
