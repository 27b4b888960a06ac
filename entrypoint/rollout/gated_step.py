"""A running step until its gate has passed or failed: what all kinds of steps have in common."""

from __future__ import annotations

from dataclasses import replace

from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import COMING_TO_REST, STOPPED
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import GateKind, HealthGate, Step
from entrypoint.rollout.boot import watch_boot
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import Expectation
from entrypoint.rollout.gate import pass_gate, settle
from entrypoint.rollout.ledger import Touched, Written
from entrypoint.rollout.machine_tests import run_tests
from entrypoint.rollout.starting import start_machine
from entrypoint.rollout.step_reporter import StepReporter


class GatedStep(StepReporter):
    """A step with a gate. The boot watch of a boot gate may come later, while other steps run."""

    def __init__(self, rollout: Rollout, step: Step, *, wave: int, forward: bool = False) -> None:
        super().__init__(rollout, step, wave=wave, forward=forward)
        self._boots: Expectation | None = None
        self._boot_timeout = 0.0

    @property
    def watches(self) -> bool:
        """Whether a boot watch is still to come."""
        return self._boots is not None and not self.finished

    def touch(self, machine: MachineId | None) -> Touched:
        """Note that a write is about to be sent, so that a rollback considers the machine."""
        self.touched = Touched(step=self.step, machine=machine)
        self.rollout.ledger.touched.append(self.touched)
        return self.touched

    def untouch(self) -> None:
        """Note that the write was certainly not sent, or was another run's."""
        if self.touched is not None:
            self.rollout.ledger.touched.remove(self.touched)
            self.touched = None

    async def wake(self) -> None:
        """Start this machine, under its lease."""
        assert self.machine is not None
        await start_machine(self.rollout, self.machine)

    async def settle_and_start(self, expected: Expectation, *, timeout: float) -> None:
        """Wait until it is in a lasting state, and start it if it does not run."""
        seen = await settle(self.rollout.machines, expected, timeout=timeout, looks=self.rollout.looks)
        if seen.state != "started":
            await self.wake()

    async def pass_gate(self, gate: HealthGate, expected: Expectation, *, passed: str = "") -> None:
        """Wait for its gate and finish; if there is a boot watch, that finishes it. `passed`: what is reported."""
        seen = await self._come_through(gate, expected)
        if self._boots is None:
            self.finish(passed or (seen.state if gate.kind is GateKind.REST else "healthy"))

    async def hold_gate(self, gate: HealthGate, expected: Expectation) -> None:
        """Wait for its gate and its boot watch. The step does not end with them."""
        await self._come_through(gate, expected)
        if self._boots is not None:
            await self._stay_up(self._boots)
            self._boots = None

    async def gate_done(
        self, machine: MachineId, gate: HealthGate, *, starts: bool = False, passed: str = ""
    ) -> None:
        """Do the rest of a step that an interrupted run has done: wait for its gate."""
        expected = await self.found_done(machine, gate, starts=starts)
        if expected is not None:
            await self.pass_gate(gate, expected, passed=passed)

    async def found_done(
        self, machine: MachineId, gate: HealthGate, *, starts: bool = False
    ) -> Expectation | None:
        """The expectation of the machine of such a step. The machine is started if it has stopped or failed since.

        None if somebody has stopped it since: then it stays stopped, and the step has ended.
        """
        self.machine = machine
        seen = await self.rollout.machines.get(machine)
        before = (
            seen.last_exit.timestamp if seen.last_exit else 0
        )  # a crash before this run is not one of this run
        expected = Expectation(machine=machine, version=seen.version, since=before)
        if seen.state in COMING_TO_REST:  # who stops it is known only when it has stopped
            seen = await settle(self.rollout.machines, expected, timeout=gate.timeout)
        self.say("written before the interruption")
        if not starts and gate.kind is not GateKind.REST and is_stopped_by_hand(seen):
            self.keep_account(seen, gate=_at_rest(gate), expected=expected, passed=True)
            self.finish("stopped by somebody since; it stays stopped")
            return None
        if starts or (gate.kind is not GateKind.REST and (seen.state in STOPPED or seen.state == "failed")):
            # The interrupted run's lease may still stand.
            await self.rollout.leases.acquire([machine], description=self.rollout.job.description)
            await self.settle_and_start(expected, timeout=gate.timeout)
        return expected

    async def watch_boot(self) -> None:
        """The boot watch, and the end of the step."""
        assert self._boots is not None
        await self._stay_up(self._boots)
        self.finish("up 10 s")

    async def _come_through(self, gate: HealthGate, expected: Expectation) -> Machine:
        rollout = self.rollout
        self._boot_timeout = gate.timeout
        rollout.ledger.written[expected.machine] = Written(expected=expected, gate=gate, passed=False)
        seen = await pass_gate(
            rollout.machines, expected, gate, report=self.say, wake=self.wake, looks=rollout.looks
        )
        expected = replace(expected, version=seen.version)
        boots = gate.kind is GateKind.BOOT
        self.keep_account(seen, gate=gate, expected=expected, passed=not boots)
        self._boots = expected if boots else None
        if not boots:
            await run_tests(rollout, seen, gate, report=self.say)
        return seen

    async def _stay_up(self, boots: Expectation) -> None:
        rollout = self.rollout
        seen = await watch_boot(
            rollout.machines, boots, timeout=self._boot_timeout, wake=self.wake, looks=rollout.looks
        )
        written = rollout.ledger.written[seen.id]
        self.keep_account(seen, gate=written.gate, expected=written.expected, passed=True)
        await run_tests(rollout, seen, written.gate, report=self.say)

    def keep_account(self, seen: Machine, *, gate: HealthGate, expected: Expectation, passed: bool) -> None:
        """Record what the machine must be like from now on: this version, and no exit later than those seen so far."""
        since = seen.last_exit.timestamp if seen.last_exit else expected.since
        held = replace(expected, version=seen.version, since=max(since, expected.since))
        self.rollout.ledger.written[seen.id] = Written(expected=held, gate=gate, passed=passed)
        if self.touched is not None:
            self.touched.expected, self.touched.up = held, True


def is_stopped_by_hand(seen: Machine) -> bool:
    """Whether it was stopped by request. Without an exit it was never started, because a run was interrupted."""
    asked = seen.last_exit is not None and seen.last_exit.requested_stop
    return seen.state in STOPPED and asked


def _at_rest(gate: HealthGate) -> HealthGate:
    return HealthGate(kind=GateKind.REST, label="stays stopped", timeout=gate.timeout)
