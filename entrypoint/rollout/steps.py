"""Take one step: send its request, then see it through its gate."""

from __future__ import annotations

from typing import assert_never

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.planning.model import (
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
from entrypoint.rollout.gate import GateFailed, pass_gate, watch_boot
from entrypoint.rollout.health import RESTING
from entrypoint.rollout.leases import TTL
from entrypoint.rollout.outcome import Halted, HaltKind, StepResult, Verdict
from entrypoint.rollout.ports import Lease
from entrypoint.rollout.progress import MachineEvent


class Taking:
    """One step under way. `take` sends and gates it; `watch` is the rest of a boot gate."""

    def __init__(self, rollout: Rollout, step: Step, *, wave: int) -> None:
        self._rollout = rollout
        self._step = step
        self._wave = wave
        self._begun = anyio.current_time()
        self._machine: MachineId | None = None
        self._version: Version | None = None
        self._gate: Gate | None = None
        self._finished = False

    @property
    def watches(self) -> bool:
        """Whether a boot watch is still to come."""
        return self._gate is not None and self._gate.kind is GateKind.BOOT and not self._finished

    async def take(self) -> None:
        """Send the request and wait for the gate, but for a boot watch. Failures halt the rollout."""
        try:
            await self._take()
        except GateFailed as failure:
            self._fail(HaltKind.UNHEALTHY, failure.why, said=failure.said)
        except FleetError as error:
            self._fail(HaltKind.REFUSED, str(error), hint=error.hint)
        except anyio.get_cancelled_exc_class():
            self._record(Verdict.UNKNOWN, "stopped before its gate had passed")
            raise

    async def watch(self) -> None:
        """The boot watch. Failures halt the rollout."""
        assert self._machine is not None
        assert self._version is not None
        try:
            await watch_boot(self._rollout.machines, self._machine, version=self._version)
        except GateFailed as failure:
            self._fail(HaltKind.UNHEALTHY, failure.why, said=failure.said)
        except FleetError as error:
            self._fail(HaltKind.REFUSED, str(error), hint=error.hint)
        except anyio.get_cancelled_exc_class():
            self._record(Verdict.UNKNOWN, "stopped before its gate had passed")
            raise
        else:
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
        body = create_body(step, plan=rollout.digest, release=rollout.release, made=rollout.made)
        touched = Touched(step=step, machine=None, version=None)
        rollout.touched.append(touched)
        made = await rollout.write(
            lambda: rollout.machines.create(
                name=machine_name(step.slot, plan=rollout.digest),
                region=step.region,
                config=body,
                skip_launch=step.standby_for is not None,
                lease_ttl=TTL,
            )
        )
        touched.machine, touched.version = made.id, made.version
        rollout.made[step.slot] = made.id
        rollout.versions[made.id] = made.version
        if made.nonce:
            rollout.leases.add(Lease(machine=made.id, nonce=made.nonce, version=made.version))
        self._machine = made.id
        self._say("created")
        passed = f"standby for {rollout.made[step.standby_for]}" if step.standby_for else ""
        await self._pass_gate(step.gate, version=made.version, previous=None, passed=passed)

    async def _update(self, step: Update) -> None:
        rollout, machine = self._rollout, step.machine
        self._machine = machine.id
        if step.done:
            await self._gate_done(machine.id, step.gate)
            return
        body = update_body(step, plan=rollout.digest, release=rollout.release)
        touched = Touched(step=step, machine=machine.id, version=None)
        rollout.touched.append(touched)
        self._say("updating")
        rollout.takes(step.group) if step.launch else None
        written = await rollout.write(
            lambda: rollout.machines.update(
                machine.id,
                config=body,
                region=machine.region,
                expects=machine.version,
                nonce=rollout.leases.nonce(machine.id),
                skip_launch=not step.launch or step.start,
            )
        )
        touched.version = rollout.versions[machine.id] = written.version
        if step.start:
            await self._settle_and_start(step.gate, version=written.version)
        await self._pass_gate(step.gate, version=written.version, previous=machine.version)
        if step.launch:
            rollout.returns(step.group)

    async def _settle_and_start(self, gate: Gate, *, version: Version) -> None:
        rollout, machine = self._rollout, self._machine
        assert machine is not None
        rest = Gate(kind=GateKind.REST, timeout=gate.timeout)
        await pass_gate(
            rollout.machines, machine, rest, version=version, previous=None, report=lambda _: None
        )
        await rollout.write(lambda: rollout.machines.start(machine, nonce=rollout.leases.nonce(machine)))

    async def _start(self, step: Start) -> None:
        rollout, machine = self._rollout, step.machine
        self._machine = machine.id
        rollout.touched.append(Touched(step=step, machine=machine.id, version=machine.version))
        self._say("starting")
        await rollout.write(
            lambda: rollout.machines.start(machine.id, nonce=rollout.leases.nonce(machine.id))
        )
        rollout.versions[machine.id] = machine.version
        await self._pass_gate(step.gate, version=machine.version, previous=None)

    async def _destroy(self, step: Destroy) -> None:
        rollout = self._rollout
        self._machine = step.id
        if step.machine is None:
            self._pass("already gone")
            return
        rollout.touched.append(Touched(step=step, machine=step.id, version=None))
        self._say("destroying")
        await rollout.write(lambda: rollout.machines.destroy(step.id, nonce=rollout.leases.nonce(step.id)))
        await rollout.machines.wait(
            step.id, version=None, states=("destroyed",), timeout=min(60.0, step.gate.timeout)
        )
        rollout.leases.drop(step.id)
        self._pass("destroyed")

    async def _gate_done(self, machine: MachineId, gate: Gate) -> None:
        """A step that an interrupted run has taken: only its gate is left."""
        self._machine = machine
        seen = await self._rollout.machines.get(machine)
        self._rollout.versions[machine] = seen.version
        self._say("written before the interruption")
        await self._pass_gate(gate, version=seen.version, previous=None)

    async def _pass_gate(
        self, gate: Gate, *, version: Version, previous: Version | None, passed: str = ""
    ) -> None:
        assert self._machine is not None
        seen = await pass_gate(
            self._rollout.machines, self._machine, gate, version=version, previous=previous, report=self._say
        )
        if gate.kind is GateKind.BOOT and seen.state not in RESTING:
            self._gate, self._version = gate, version
            return
        self._pass(passed or (seen.state if gate.kind is GateKind.REST else "healthy"))

    def _seconds(self) -> float:
        return anyio.current_time() - self._begun

    def _say(self, what: str, *, final: bool = False, ok: bool = True, note: str = "") -> None:
        if self._machine is None:
            return
        self._rollout.progress.machine(
            MachineEvent(
                group=self._step.group,
                machine=self._machine,
                region=self._step.region,
                what=what,
                seconds=self._seconds(),
                final=final,
                ok=ok,
                note=note,
            )
        )

    def _pass(self, what: str) -> None:
        if not self._finished:
            self._say(what, final=True)
        self._record(Verdict.DONE, "")

    def _fail(self, kind: HaltKind, why: str, *, said: tuple[str, ...] = (), hint: str = "") -> None:
        self._say("failed", final=True, ok=False, note=why)
        self._record(Verdict.FAILED, why)
        self._rollout.halt(
            Halted(
                kind=kind, message=why, detail=said, hint=hint, group=self._step.group, machine=self._machine
            )
        )

    def _record(self, verdict: Verdict, why: str) -> None:
        if self._finished:
            return
        self._finished = True
        self._rollout.results.append(
            StepResult(
                step=self._step,
                wave=self._wave,
                machine=self._machine,
                verdict=verdict,
                why=why,
                seconds=self._seconds(),
            )
        )


def existing_machine(step: Step) -> MachineId | None:
    """The live machine whose lease a step needs; None for creates and for steps already done."""
    machine = machine_of(step)
    return None if machine is None or is_done(step) else machine.id
