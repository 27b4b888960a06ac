"""Run one step: send its request, then see it through its gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import assert_never

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import RESTING, STOPPED
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import (
    Create,
    Destroy,
    GateKind,
    HealthGate,
    Start,
    Step,
    Update,
    machine_of,
)
from entrypoint.rollout.bodies import create_body, machine_name, update_body
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import Expectation, HealthGateFailed, expect_written
from entrypoint.rollout.gate import pass_gate, settle, wait_gone, watch_boot
from entrypoint.rollout.leases import TTL
from entrypoint.rollout.ledger import Touched, Written
from entrypoint.rollout.outcome import HaltKind, StepStatus
from entrypoint.rollout.ports import Lease
from entrypoint.rollout.running import runs_now
from entrypoint.rollout.step_reporter import StepReporter
from entrypoint.rollout.wave_leases import leased_for_wave


class StepRun(StepReporter):
    """One step under way. `take` sends and gates it; `watch` is the rest of a boot gate."""

    def __init__(self, rollout: Rollout, step: Step, *, wave: int) -> None:
        super().__init__(rollout, step, wave=wave)
        self._boots: Expectation | None = None
        self._boot_timeout = 0.0

    @property
    def watches(self) -> bool:
        """Whether a boot watch is still to come."""
        return self._boots is not None and not self._finished

    async def take(self) -> None:
        """Send the request and wait for the gate, but for a boot watch. Failures halt the rollout."""
        await checkpoint_if_cancelled()  # nothing new is begun once something has failed
        await self._see_through(self._take)

    async def watch(self) -> None:
        """The boot watch. Failures halt the rollout."""
        await self._see_through(self._watch)

    async def _see_through(self, part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except HealthGateFailed as failure:
            self._fail(HaltKind.UNHEALTHY, failure.why, said=failure.said)
        except FleetError as error:
            self._fail(HaltKind.REFUSED, str(error), hint=error.hint)
        except anyio.get_cancelled_exc_class():
            self._record(StepStatus.UNKNOWN, "stopped before its gate had passed")
            raise
        else:
            await self._end_lease()

    async def _end_lease(self) -> None:
        """A lease for this step alone ends with it; one that failed keeps it, to be put back."""
        machine = leased_for_wave(self._step)
        if self._finished and machine is not None:
            await self._rollout.leases.release([machine.id])

    async def _watch(self) -> None:
        assert self._boots is not None
        seen = await watch_boot(
            self._rollout.machines, self._boots, timeout=self._boot_timeout, wake=self._wake
        )
        self._has_passed(seen)
        self._pass("up 10 s")

    async def _take(self) -> None:
        match self._step:
            case Create():
                await self._create(self._step)
            case Update():
                await self._update(self._step)
            case Start():
                await self._start(self._step)
            case Destroy():
                await self._destroy(self._step)
            case _:
                assert_never(self._step)

    async def _create(self, step: Create) -> None:
        rollout, made_so_far = self._rollout, self._rollout.ledger.made
        if step.done is not None:
            made_so_far[step.slot] = step.done
            await self._gate_done(step.done, step.gate)
            return
        body = create_body(
            step,
            plan=rollout.job.digest,
            release=rollout.release.row,
            made=made_so_far,
            released=rollout.release.mark,
            run=rollout.job.marks,
        )
        touched = self._touch(None)
        made = await rollout.halting.write(
            lambda: rollout.machines.create(
                name=machine_name(step.slot, plan=rollout.job.digest),
                region=step.region,
                config=body,
                skip_launch=step.standby_for is not None,
                lease_ttl=TTL,
            )
        )
        touched.machine = self._machine = made_so_far[step.slot] = made.id
        touched.expected = expect_written(made, wrote=body)
        if made.nonce:
            rollout.leases.add(Lease(machine=made.id, nonce=made.nonce, version=made.version))
        self._say("created")
        passed = f"standby for {made_so_far[step.standby_for]}" if step.standby_for else ""
        await self._pass_gate(step.gate, touched.expected, passed=passed)

    async def _update(self, step: Update) -> None:
        rollout, machine = self._rollout, step.machine
        self._machine = machine.id
        runs = runs_now(rollout, step)
        starts = step.start and not runs
        gate = step.gate if runs or starts else step.gate_if_resting
        if step.done:
            await self._gate_done(machine.id, gate, starts=starts)
            return
        body = update_body(
            step,
            plan=rollout.job.digest,
            release=rollout.release.row,
            released=rollout.release.mark,
            run=rollout.job.marks,
        )
        touched = self._touch(machine.id)
        self._say("updating")
        serves = step.serves and runs
        if serves:
            rollout.capacity.goes_down(step.group)
        written = await rollout.halting.write(
            lambda: rollout.machines.update(
                machine.id,
                config=body,
                region=machine.region,
                expects=machine.version,
                nonce=rollout.leases.nonce(machine.id),
                skip_launch=not runs,
            )
        )
        touched.expected = expect_written(written, previous=machine.version, wrote=body)
        if starts or (runs and step.config.get("standbys")):  # it may have taken over from its primary
            await self._settle_and_start(touched.expected, timeout=gate.timeout)
        await self._pass_gate(gate, touched.expected)
        if serves:
            rollout.capacity.is_back(step.group)

    async def _start(self, step: Start) -> None:
        machine = step.machine
        self._machine = machine.id
        if step.done:
            await self._gate_done(machine.id, step.gate)
            return
        expected = expect_written(machine)
        self._touch(machine.id).expected = expected
        self._say("starting")
        await self._wake()
        await self._pass_gate(step.gate, expected)

    async def _destroy(self, step: Destroy) -> None:
        rollout = self._rollout
        self._machine = step.id
        if step.machine is None:
            self._pass("already gone")
            return
        self._touch(step.id)
        self._say("destroying")
        rollout.leases.leaving(step.id)
        await rollout.halting.write(
            lambda: rollout.machines.destroy(step.id, nonce=rollout.leases.nonce(step.id))
        )
        await wait_gone(rollout.machines, step.id, timeout=step.gate.timeout)
        rollout.leases.drop(step.id)
        self._pass("destroyed")

    async def _wake(self) -> None:
        """Start this machine, under its lease."""
        rollout, machine = self._rollout, self._machine
        assert machine is not None
        await rollout.halting.write(
            lambda: rollout.machines.start(machine, nonce=rollout.leases.nonce(machine))
        )

    async def _settle_and_start(self, expected: Expectation, *, timeout: float) -> None:
        seen = await settle(self._rollout.machines, expected, timeout=timeout)
        if seen.state != "started":
            await self._wake()

    async def _gate_done(self, machine: MachineId, gate: HealthGate, *, starts: bool = False) -> None:
        """A step that an interrupted run has taken: its gate is left, and a start where the machine fell over since.

        One that somebody has stopped since is left as they want it.
        """
        self._machine = machine
        seen = await self._rollout.machines.get(machine)
        expected = Expectation(machine=machine, version=seen.version)
        self._say("written before the interruption")
        if not starts and gate.kind is not GateKind.REST and _is_stopped_by_hand(seen):
            self._keep_account(seen, gate=_at_rest(gate), expected=expected, passed=True)
            self._pass("stopped by somebody since; left so")
            return
        if starts or (gate.kind is not GateKind.REST and (seen.state in STOPPED or seen.state == "failed")):
            await self._settle_and_start(expected, timeout=gate.timeout)
        await self._pass_gate(gate, expected)

    def _touch(self, machine: MachineId | None) -> Touched:
        self._touched = Touched(step=self._step, machine=machine)
        self._rollout.ledger.touched.append(self._touched)
        return self._touched

    async def _pass_gate(self, gate: HealthGate, expected: Expectation, *, passed: str = "") -> None:
        rollout = self._rollout
        self._boot_timeout = gate.timeout
        rollout.ledger.written[expected.machine] = Written(expected=expected, gate=gate, passed=False)
        seen = await pass_gate(rollout.machines, expected, gate, report=self._say, wake=self._wake)
        expected = replace(expected, version=seen.version)
        boots = gate.kind is GateKind.BOOT and seen.state not in RESTING
        self._keep_account(seen, gate=gate, expected=expected, passed=not boots)
        if boots:
            self._boots = expected
            return
        self._pass(passed or (seen.state if gate.kind is GateKind.REST else "healthy"))

    def _has_passed(self, seen: Machine) -> None:
        written = self._rollout.ledger.written[seen.id]
        self._keep_account(seen, gate=written.gate, expected=written.expected, passed=True)

    def _keep_account(self, seen: Machine, *, gate: HealthGate, expected: Expectation, passed: bool) -> None:
        """What it must be from now on: at this version, and without an exit after those seen so far."""
        since = seen.last_exit.timestamp if seen.last_exit else expected.since
        held = replace(expected, version=seen.version, since=max(since, expected.since))
        self._rollout.ledger.written[seen.id] = Written(expected=held, gate=gate, passed=passed)
        if self._touched is not None:
            self._touched.expected, self._touched.up = held, True


def _is_stopped_by_hand(seen: Machine) -> bool:
    """It was asked to stop; a machine that was never started in this version is one that an interrupted run left behind."""
    asked = seen.last_exit is not None and seen.last_exit.requested_stop
    return seen.state in STOPPED and asked


def _at_rest(gate: HealthGate) -> HealthGate:
    return HealthGate(kind=GateKind.REST, label="stays stopped", timeout=gate.timeout)


def existing_machine(step: Step) -> MachineId | None:
    """The live machine that a step touches; None where it is yet to be made, or already gone."""
    machine = machine_of(step)
    return None if machine is None else machine.id
