"""The content of a plan comment. Every field is Markdown or a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.plan.created import created
from entrypoint.report.plan.field_changes import Changes
from entrypoint.report.plan.machine_rows import MachineRow
from entrypoint.report.plan.occasion import what_merging_does
from entrypoint.report.plan.table import Row
from entrypoint.report.text.escape import Md, code
from entrypoint.report.text.links import to_commit, to_page
from entrypoint.report.text.names import name
from entrypoint.report.text.words import count, join, short_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """The whole plan part."""

    title: Md
    note: Md
    """The note of flightplan.toml, as a quotation; empty without one."""
    alarm: Md
    """The first sentence of the red block; empty if nothing is destroyed and nothing blocks the deploy."""
    alarms: tuple[Md, ...]
    """What is destroyed, by group, and what else blocks the deploy."""
    before: Md
    """The heading of the notes."""
    notes: tuple[Md, ...]
    rows: tuple[Row, ...]
    left_alone: Md
    image: Md
    changes: tuple[Changes, ...]
    unfolded: Md
    """The HTML attribute that unfolds them if they are few."""
    created: tuple[tuple[Md, tuple[tuple[Md, Md], ...]], ...]
    """New machines in full."""
    strategy: Md
    order: tuple[Md, ...]
    machines: tuple[MachineRow, ...]
    volumes: tuple[tuple[Md, ...], ...]
    """The head and the rows of a table: volumes that the plan changes."""
    settings: tuple[Md, ...]
    costs: tuple[tuple[Md, Md, Md, Md], ...]
    """Only if the deploy changes what the app costs."""
    basis: Md
    """Which prices are used."""
    footer: Md
    cut: Md
    """How much is left out."""
    idle: Md
    """Why nothing happens; empty if something does."""


def created_parts(plan: Plan) -> Iterator[tuple[Md, tuple[tuple[Md, Md], ...]]]:
    """New machines in full. Equal ones are shown once, with their number and regions."""
    for item in created(plan):
        number = sum(n for _, n in item.regions)
        places = [(code(region) if region else "any region", n) for region, n in item.regions]
        where = (
            f" in {places[0][0]}"
            if len(places) == 1
            else f": {join([f'{n} in {region}' for region, n in places])}"
        )
        standbys = "one of them a standby" if item.standbys == 1 else f"{item.standbys} of them standbys"
        standby = f", {standbys}" if item.standbys else ""
        what = "canary machine" if item.canary else "machine"
        head = f"{name(item.group)} · {count(number, what)}{where}{standby}"
        facts = tuple(
            (Md(fact), Md(", ".join(code(value) for value in values))) for fact, values in item.facts
        )
        yield Md(head), facts


def footer(plan: Plan, run: RunContext) -> Md:
    """What merging does, and which run made this."""
    parts = what_merging_does(plan, run)
    parts.append(f"Plan {code(short_id(plan.digests.plan))}")
    if run.sha:
        parts.append(f"of {to_commit(run.sha, run)}")
    if run.run_url:
        parts.append(f"[run]({run.run_url})")
    parts.append(to_page("plan-comment.md", "how to read this"))
    return Md(" · ".join(parts))
