"""Destroys a machine: at once, or when its requests have ended."""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.model import HostStatus
from entrypoint.fleet.states import COMING_TO_REST, UP
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.planning.model.steps import DRAIN_SECONDS, Destroy, Discard, HealthGate
from entrypoint.rollout.expectation import Expectation, long_poll, pace
from entrypoint.rollout.gated_step import GatedStep
from entrypoint.rollout.gone import wait_gone
from entrypoint.rollout.start_gate import SLICE


async def destroy(run: GatedStep, step: Destroy) -> None:
    """Destroy it. If an interrupted run has destroyed it, only report that."""
    rollout, run.machine = run.rollout, step.id
    if step.machine is None:
        run.finish("already gone")
        return
    run.touch(step.id)
    if step.machine.host_status is not HostStatus.OK:
        await rollout.halting.write(lambda: rollout.machines.destroy(step.id, nonce=None))
        run.finish("destroy requested: Fly does it when the host answers")
        return
    if step.retire:
        await _end_work(run, step.id, within=step.gate.timeout)
    await _take_away(run, step.id, step.gate)


async def discard(run: GatedStep, step: Discard) -> None:
    """Destroy a machine that this rollout created."""
    machine = run.rollout.ledger.made[step.slot]
    run.machine = machine
    run.rollout.ledger.written.pop(machine, None)
    run.touch(machine)
    await _take_away(run, machine, step.gate)


async def _end_work(run: GatedStep, machine: MachineId, *, within: float) -> None:
    """Cordon it, wait for its requests to end, and stop it with its own signal and timeout. Nothing if it does not run."""
    rollout = run.rollout
    try:
        seen = await rollout.machines.get(machine)
        if seen.state not in UP:
            return
        if not seen.cordoned:
            await rollout.halting.write(
                lambda: rollout.machines.cordon(machine, nonce=rollout.leases.nonce(machine))
            )
        run.say("draining")
        await anyio.sleep(DRAIN_SECONDS)
        run.say("stopping")
        await rollout.halting.write(
            lambda: rollout.machines.stop(machine, nonce=rollout.leases.nonce(machine))
        )
        with anyio.move_on_after(within):
            await _rests(run, machine)
    except MachineGone:
        return


async def _rests(run: GatedStep, machine: MachineId) -> None:
    expected = Expectation(machine=machine, version=Version(""))
    while True:
        begun = anyio.current_time()
        await long_poll(run.rollout.machines, expected, "stopped", timeout=SLICE)
        seen = await run.rollout.machines.get(machine)
        if seen.state not in UP | COMING_TO_REST:
            return
        await pace(begun)


async def _take_away(run: GatedStep, machine: MachineId, gate: HealthGate) -> None:
    rollout = run.rollout
    run.say("destroying")
    rollout.leases.leaving(machine)
    await rollout.halting.write(
        lambda: rollout.machines.destroy(machine, nonce=rollout.leases.nonce(machine))
    )
    await wait_gone(rollout.machines, machine, timeout=gate.timeout)
    rollout.leases.drop(machine)
    run.finish("destroyed")
