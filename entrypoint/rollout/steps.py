"""Take one step: send its request, then see it through its gate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import assert_never

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.states import FALLEN, RESTING
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import (
    Create,
    Destroy,
    Gate,
    GateKind,
    Replace,
    Start,
    Step,
    Update,
    is_done,
    machine_of,
)
from entrypoint.rollout.bodies import create_body, machine_name, update_body
from entrypoint.rollout.context import Rollout, Touched
from entrypoint.rollout.gate import pass_gate, settle, wait_gone, watch_boot
from entrypoint.rollout.leases import TTL
from entrypoint.rollout.outcome import HaltKind, Verdict
from entrypoint.rollout.ports import Lease
from entrypoint.rollout.running import runs_now
from entrypoint.rollout.telling import Telling
from entrypoint.rollout.watched import GateFailed, Watched, watch_written


class Taking(Telling):
    """One step under way. `take` sends and gates it; `watch` is the rest of a boot gate."""

    def __init__(self, rollout: Rollout, step: Step, *, wave: int) -> None:
        super().__init__(rollout, step, wave=wave)
        self._boots: Watched | None = None

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
        except GateFailed as failure:
            self._fail(HaltKind.UNHEALTHY, failure.why, said=failure.said)
        except FleetError as error:
            self._fail(HaltKind.REFUSED, str(error), hint=error.hint)
        except anyio.get_cancelled_exc_class():
            self._record(Verdict.UNKNOWN, "stopped before its gate had passed")
            raise

    async def _watch(self) -> None:
        assert self._boots is not None
        await watch_boot(self._rollout.machines, self._boots)
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
            case Replace():
                raise AssertionError("a plan that replaces is blocked, and a blocked plan is never approved")
            case _:
                assert_never(self._step)

    async def _create(self, step: Create) -> None:
        rollout = self._rollout
        if step.done is not None:
            rollout.made[step.slot] = step.done
            await self._gate_done(step.done, step.gate)
            return
        body = create_body(
            step, plan=rollout.digest, release=rollout.release, made=rollout.made, run=rollout.marks
        )
        touched = self._touch(None)
        made = await rollout.write(
            lambda: rollout.machines.create(
                name=machine_name(step.slot, plan=rollout.digest),
                region=step.region,
                config=body,
                skip_launch=step.standby_for is not None,
                lease_ttl=TTL,
            )
        )
        touched.machine = self._machine = rollout.made[step.slot] = made.id
        touched.watched = watch_written(made, wrote=body)
        if made.nonce:
            rollout.leases.add(Lease(machine=made.id, nonce=made.nonce, version=made.version))
        self._say("created")
        passed = f"standby for {rollout.made[step.standby_for]}" if step.standby_for else ""
        await self._pass_gate(step.gate, touched.watched, passed=passed)

    async def _update(self, step: Update) -> None:
        rollout, machine = self._rollout, step.machine
        self._machine = machine.id
        runs = runs_now(rollout, step)
        starts = step.start and not runs
        gate = step.gate if runs or starts else _rest(step.gate)
        if step.done:
            await self._gate_done(machine.id, gate, starts=starts)
            return
        body = update_body(step, plan=rollout.digest, release=rollout.release, run=rollout.marks)
        touched = self._touch(machine.id)
        self._say("updating")
        if step.serves and runs:
            rollout.takes(step.group)
        written = await rollout.write(
            lambda: rollout.machines.update(
                machine.id,
                config=body,
                region=machine.region,
                expects=machine.version,
                nonce=rollout.leases.nonce(machine.id),
                skip_launch=not runs,
            )
        )
        touched.watched = watch_written(written, previous=machine.version, wrote=body)
        if starts:
            await self._settle_and_start(touched.watched, timeout=gate.timeout)
        await self._pass_gate(gate, touched.watched)
        if step.serves and runs:
            rollout.returns(step.group)

    async def _start(self, step: Start) -> None:
        rollout, machine = self._rollout, step.machine
        self._machine = machine.id
        if step.done:
            await self._gate_done(machine.id, step.gate)
            return
        watched = watch_written(machine)
        self._touch(machine.id).watched = watched
        self._say("starting")
        await rollout.write(
            lambda: rollout.machines.start(machine.id, nonce=rollout.leases.nonce(machine.id))
        )
        await self._pass_gate(step.gate, watched)

    async def _destroy(self, step: Destroy) -> None:
        rollout = self._rollout
        self._machine = step.id
        if step.machine is None:
            self._pass("already gone")
            return
        self._touch(step.id)
        self._say("destroying")
        rollout.leases.leaving(step.id)
        await rollout.write(lambda: rollout.machines.destroy(step.id, nonce=rollout.leases.nonce(step.id)))
        await wait_gone(rollout.machines, step.id, timeout=step.gate.timeout)
        rollout.leases.drop(step.id)
        self._pass("destroyed")

    async def _settle_and_start(self, watched: Watched, *, timeout: float) -> None:
        rollout, machine = self._rollout, watched.machine
        seen = await settle(rollout.machines, watched, timeout=timeout)
        if seen.state != "started":
            await rollout.write(lambda: rollout.machines.start(machine, nonce=rollout.leases.nonce(machine)))

    async def _gate_done(self, machine: MachineId, gate: Gate, *, starts: bool = False) -> None:
        """A step that an interrupted run has taken: its gate is left, and a start where the machine fell over since."""
        self._machine = machine
        seen = await self._rollout.machines.get(machine)
        watched = Watched(machine=machine, version=seen.version)
        self._say("written before the interruption")
        if starts or (gate.kind is not GateKind.REST and seen.state in FALLEN):
            await self._settle_and_start(watched, timeout=gate.timeout)
        await self._pass_gate(gate, watched)

    def _touch(self, machine: MachineId | None) -> Touched:
        self._touched = Touched(step=self._step, machine=machine)
        self._rollout.touched.append(self._touched)
        return self._touched

    async def _pass_gate(self, gate: Gate, watched: Watched, *, passed: str = "") -> None:
        rollout = self._rollout
        rollout.gates[watched.machine], rollout.versions[watched.machine] = gate, watched.version
        seen = await pass_gate(rollout.machines, watched, gate, report=self._say)
        watched = replace(watched, version=seen.version)
        rollout.versions[watched.machine] = seen.version
        if self._touched is not None:
            self._touched.watched, self._touched.up = watched, True
        if gate.kind is GateKind.BOOT and seen.state not in RESTING:
            self._boots = watched
            return
        self._pass(passed or (seen.state if gate.kind is GateKind.REST else "healthy"))


def _rest(gate: Gate) -> Gate:
    return Gate(kind=GateKind.REST, label="stays stopped", timeout=gate.timeout)


def existing_machine(step: Step) -> MachineId | None:
    """The live machine whose lease a step needs; None for creates and for steps already done."""
    machine = machine_of(step)
    return None if machine is None or is_done(step) else machine.id
