"""One step through its gate: what is started, what is watched, and what is written down of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.context import begin
from entrypoint.rollout.expectation import Expectation, HealthGateFailed
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.ports import Lease
from tests.unit.planning.kit import machine, plan
from tests.unit.rollout.strange import ID, Strange, exited, seen, virtual

BOOT = HealthGate(kind=GateKind.BOOT, label="boot", timeout=60)
REST = HealthGate(kind=GateKind.REST, label="rests", timeout=60)
BY_HAND = exited(0, requested_stop=True)


@dataclass(slots=True, kw_only=True)
class Startable(Strange):
    """A start is heeded at once, under a lease: that of the interrupted run may still stand."""

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        self._answer("lease")
        return Lease(machine=machine, nonce=Nonce("ours"), version=None, lasts=ttl)

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        assert before.id == ID
        assert nonce == "ours" or "lease" not in self.calls
        self._answer("start")
        self.timeline = [(-1, seen())]


def taken(server: Startable, part: Callable[[GatedStep], Awaitable[object]]) -> tuple[GatedStep, list[str]]:
    """The step after `part` of it, and what people were told."""
    told: list[str] = []

    async def story() -> GatedStep:
        server.now()
        made = plan('[processes]\nweb = "bin/web"\n', machine(ID))
        rollout = begin(made, machines=server, progress=LiveLog(told.append, section=lambda _: None))
        ((_, planned),) = made.steps()
        step = GatedStep(rollout, planned, wave=1)
        step.machine = ID
        await part(step)
        return step

    return virtual(story), told


@pytest.mark.parametrize(
    ("now", "gate", "starts", "is_started", "left"),
    [
        (seen(), BOOT, False, False, GateKind.BOOT),
        (seen("stopped"), BOOT, False, True, GateKind.BOOT),
        (seen("suspended"), BOOT, False, True, GateKind.BOOT),
        (seen("failed"), BOOT, False, True, GateKind.BOOT),
        (seen("stopped", last_exit=BY_HAND), BOOT, False, False, GateKind.REST),
        (seen("stopped", last_exit=BY_HAND), BOOT, True, True, GateKind.BOOT),
        (seen(last_exit=BY_HAND), BOOT, False, False, GateKind.BOOT),
        (seen("stopped"), REST, False, False, GateKind.REST),
        (seen("stopped", last_exit=BY_HAND), REST, False, False, GateKind.REST),
        (seen("failed"), REST, False, False, GateKind.REST),
        (seen("stopped"), BOOT, True, True, GateKind.BOOT),
    ],
    ids=[
        "runs",
        "stopped",
        "suspended",
        "fell over",
        "stopped by hand",
        "stopped by hand, but the step starts it",
        "started again by hand",
        "rests as it should",
        "rests as it should, stopped by hand",
        "fell over where it may rest",
        "the step starts it",
    ],
)
def test_a_step_that_an_interrupted_run_has_taken(
    now: Machine, gate: HealthGate, left: GateKind, *, starts: bool, is_started: bool
) -> None:
    server = Startable(timeline=[(0, now)])
    step, told = taken(server, lambda step: step.gate_done(ID, gate, starts=starts))
    assert ("start" in server.calls) is ("lease" in server.calls) is is_started
    written = step.rollout.ledger.written[ID]
    assert written.gate.kind is left
    assert written.passed is (left is GateKind.REST)
    assert step.watches is (left is GateKind.BOOT)
    by_hand = gate is BOOT and left is GateKind.REST
    assert ("stopped by somebody since; it stays stopped" in "".join(told)) is by_hand


@pytest.mark.parametrize("state", ["stopping", "suspending"])
def test_a_step_whose_machine_somebody_stops_at_this_moment(state: str) -> None:
    server = Startable(timeline=[(0, seen(state)), (3, seen("stopped", last_exit=BY_HAND))])
    step, told = taken(server, lambda step: step.gate_done(ID, BOOT))
    assert "start" not in server.calls
    assert step.rollout.ledger.written[ID].gate.kind is GateKind.REST
    assert "stopped by somebody since; it stays stopped" in "".join(told)


EXPECTED = Expectation(machine=ID, version=seen().version)


def test_a_machine_that_boots__is_watched_later_and_then_done() -> None:
    async def part(step: GatedStep) -> None:
        await step.pass_gate(BOOT, EXPECTED)
        assert (step.watches, step.finished) == (True, False)
        await step.watch_boot()
        assert (step.watches, step.finished) == (False, True)

    server = Startable(timeline=[(0, seen("starting")), (2, seen())])
    step, told = taken(server, part)
    assert step.rollout.ledger.written[ID].passed
    assert "up 10 s" in told[-1]


@pytest.mark.parametrize(("passed", "said"), [("", "stopped"), ("standby for a", "standby for a")])
def test_a_machine_that_rests__is_done_at_once(passed: str, said: str) -> None:
    async def part(step: GatedStep) -> None:
        await step.pass_gate(REST, EXPECTED, passed=passed)
        assert (step.watches, step.finished) == (False, True)

    assert said in taken(Startable(timeline=[(0, seen("stopped"))]), part)[1][-1]


def test_a_gate_that_is_held__is_seen_through_its_boot_watch() -> None:
    async def part(step: GatedStep) -> None:
        await step.hold_gate(BOOT, EXPECTED)
        assert (step.watches, step.finished) == (False, False), "the step goes on"

    step, _ = taken(Startable(timeline=[(0, seen())]), part)
    assert step.rollout.ledger.written[ID].passed

    async def falls(step: GatedStep) -> None:
        with pytest.raises(HealthGateFailed):
            await step.hold_gate(BOOT, EXPECTED)

    step, _ = taken(Startable(timeline=[(0, seen()), (5, seen("stopped", last_exit=exited(1)))]), falls)
    assert not step.rollout.ledger.written[ID].passed


@pytest.mark.parametrize(("state", "calls"), [("stopped", 1), ("started", 0)])
def test_what_settles_at_rest__is_started(state: str, calls: int) -> None:
    server: Any = Startable(timeline=[(0, seen("replacing")), (3, seen(state))])
    taken(server, lambda step: step.settle_and_start(EXPECTED, timeout=60))
    assert server.calls.count("start") == calls


def test_a_crash_before_this_run__is_none_of_this_run() -> None:
    """It ran all the same when the job was run again: what counts is what it does from then on."""
    crashed = exited(1, restarting=True, restart_count=2, timestamp=1000)
    step, _ = taken(Startable(timeline=[(0, seen(last_exit=crashed))]), lambda s: s.gate_done(ID, BOOT))
    assert step.watches

    async def falls(step: GatedStep) -> None:
        with pytest.raises(HealthGateFailed, match="keeps crashing"):
            await step.gate_done(ID, BOOT)

    again = exited(1, restarting=True, restart_count=3, timestamp=2000)
    taken(Startable(timeline=[(0, seen(last_exit=crashed)), (3, seen(last_exit=again))]), falls)
