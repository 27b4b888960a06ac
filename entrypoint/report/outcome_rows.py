"""Rows for the machines of an outcome: what the deploy and the rollback did to each, and which are not as planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

from entrypoint.kernel.ids import AppName, GroupName, MachineId
from entrypoint.report.plan.verbs import verb_of
from entrypoint.report.text.escape import Md, code, inline
from entrypoint.report.text.links import to_machine
from entrypoint.report.text.names import name
from entrypoint.rollout.outcome import Outcome, ProofRow, RolledBack, StepResult, StepStatus

_DONE = {
    "canary": "canary created",
    "cordon": "cordoned",
    "create": "created",
    "destroy": "destroyed",
    "discard": "canary destroyed",
    "remove": "destroyed",
    "replace": "destroyed",
    "route": "uncordoned",
    "start": "started",
    "swap": "destroyed",
    "update": "updated",
}
"""What a step that is done did to its machine, by its verb."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow:
    """A changed machine: the result of its step, and of the rollback."""

    machine: Md
    """Its id, group and region in one column, for phones."""
    became: Md
    then: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceRow:
    """A machine that is not as planned."""

    machine: Md
    was: Md
    now: Md
    should: Md


def machine_rows(outcome: Outcome) -> Iterator[MachineRow]:
    undone = {item.machine: item for item in outcome.rolled_back}
    for result in sorted(outcome.results, key=lambda result: result.status is StepStatus.DONE):
        if result.status is StepStatus.SKIPPED or result.machine is None:
            continue
        back = undone.get(result.machine)
        halted = outcome.halted
        is_told = halted is not None and (halted.machine, halted.message) == (result.machine, result.why)
        why = f": {inline(result.why)}" if result.why and not is_told else ""
        yield MachineRow(
            machine=_machine(outcome.plan.app, result.machine, result.step.group, result.step.region),
            became=Md(f"{_became(result)}{why}"),
            then=_fate(back) if back else Md(""),
        )


def _machine(app: AppName, machine: MachineId, group: GroupName, region: str) -> Md:
    return Md(f"{to_machine(app, machine)} {name(group)} {code(region or 'any')}")


def _became(result: StepResult) -> str:
    """For example: updated; **update failed**."""
    verb = verb_of(result.step)
    match result.status:
        case StepStatus.DONE:
            return _DONE[verb]
        case StepStatus.FAILED:
            return f"**{verb} failed**"
        case StepStatus.UNKNOWN:
            return f"{verb} not finished"
        case StepStatus.SKIPPED:
            return "not begun"
        case _:
            assert_never(result.status)


def _fate(item: RolledBack) -> Md:
    if not item.restored:
        return Md(f"**not {item.action}**: {inline(item.why)}")
    return Md(item.action) if item.healthy else Md(f"{item.action}, **not healthy**: {inline(item.why)}")


def difference_row(row: ProofRow, app: AppName) -> DifferenceRow:
    return DifferenceRow(
        machine=_machine(app, row.machine, row.group, row.region),
        was=inline(row.was),
        now=inline(row.now),
        should=inline(row.should),
    )
