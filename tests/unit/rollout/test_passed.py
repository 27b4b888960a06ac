"""Machines that have passed are watched: what breaks halts the rollout, what somebody else changed is for the proof to say."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio
import pytest

from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.planning.model.steps import Update
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.expectation import Expectation
from entrypoint.rollout.ledger import Written
from entrypoint.rollout.outcome import StepResult, StepStatus
from entrypoint.rollout.passed import watch_passed
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import Strange, virtual

A = machine("a")
OURS = Version("ours")


@dataclass(slots=True, kw_only=True)
class Lists(Strange):
    """Shows `live` in lists and alone; None: it is gone."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    live: Machine | None

    async def list_machines(self) -> tuple[Machine, ...]:
        return (self.live,) if self.live else ()

    async def get(self, machine: MachineId) -> Machine:
        if self.live is None:
            raise MachineGone("404")
        return self.live


@pytest.mark.parametrize(
    ("live", "passed", "halts"),
    [
        (replace(A, version=OURS), True, False),
        (replace(A, version=OURS, state="failed"), True, True),
        (replace(A, version=Version("theirs"), state="failed"), True, False),
        (None, True, True),
        (replace(A, version=OURS, state="failed"), False, False),
    ],
    ids=["runs", "falls over", "somebody changed it", "is gone", "has not passed yet"],
)
def test_a_machine_that_has_passed(live: Machine | None, passed: bool, halts: bool) -> None:
    assert watched(live, passed=passed, finished=True) is halts


def test_a_machine_whose_step_goes_on_after_its_gate__is_judged_when_that_has_ended() -> None:
    """It may be tested, or uncordoned."""
    assert not watched(replace(A, version=OURS, state="failed"), passed=True, finished=False)


def watched(live: Machine | None, *, passed: bool, finished: bool) -> bool:
    """Whether the rollout is halted."""
    made = plan('[processes]\nweb = "bin/web"\n', A)
    ((_, step),) = made.steps()
    assert isinstance(step, Update)

    async def story() -> bool:
        rollout = begin(
            made, machines=Lists(live=live), progress=LiveLog(lambda _: None, section=lambda _: None)
        )
        expected = Expectation(machine=A.id, version=OURS)
        rollout.ledger.written[A.id] = Written(expected=expected, gate=step.gate, passed=passed)
        if finished:
            rollout.ledger.results.append(StepResult(step=step, wave=1, machine=A.id, status=StepStatus.DONE))
        with anyio.move_on_after(20):
            await watch_passed(rollout)
        return rollout.halting.halted is not None

    return virtual(story)
