"""Uncordons or cordons a machine."""

from __future__ import annotations

from dataclasses import replace

import anyio

from entrypoint.fleet.extras import Cordoned, is_cordoned_by_hand
from entrypoint.fleet.managed import is_proxied
from entrypoint.fleet.states import FALLEN, RESTING
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import DRAIN_SECONDS, Cordon, GateKind, HealthGate, Route
from entrypoint.rollout.boot import watch_boot
from entrypoint.rollout.expectation import HealthGateFailed, expect_written
from entrypoint.rollout.gate import hold_gate, pass_gate
from entrypoint.rollout.gated_step import GatedStep, is_stopped_by_hand
from entrypoint.rollout.ledger import Written
from entrypoint.rollout.machine_tests import run_tests
from entrypoint.rollout.routing import put_back, take_out, uncordon

SOON = 30.0
"""Seconds to wait for a machine that will be updated anyway. It may need the update to become healthy."""


async def route(run: GatedStep, step: Route) -> None:
    """Check its gate, uncordon it, and check the gate again once all proxies know about it."""
    rollout = run.rollout
    machine = _machine_id(run, step)
    run.machine = machine
    if step.done:
        if step.machine is None:
            run.touch(machine)
        run.finish("uncordoned before the interruption")
        return
    if step.machine is not None:
        await _put_back(run, step, machine)
        return
    account = rollout.ledger.written[machine]  # a plan routes what it has made
    await _hold(run, account)
    run.touch(machine).expected = account.expected
    await (put_back if step.marked else uncordon)(rollout, machine)
    await anyio.sleep(DRAIN_SECONDS)
    await _hold(run, account)
    await _hand_over(run, machine)
    run.finish("uncordoned")


async def _put_back(run: GatedStep, step: Route, machine: MachineId) -> None:
    """Uncordon a live machine. At once if its version has passed before; the proxy sends it nothing if its checks fail. An unproven one must
    pass first, and once more afterwards, because its checks may begin anew after the metadata write that removes the mark.
    """
    if step.unproven and not await _shows(run, step, machine):
        run.finish("stays cordoned until it is updated")
        return
    run.touch(machine)
    await put_back(run.rollout, machine)
    if step.unproven:
        await _shows(run, step, machine)
    run.finish("uncordoned again")


async def _shows(run: GatedStep, step: Route, machine: MachineId) -> bool:
    """Whether it passes its gate as it is. Raises HealthGateFailed if it does not, unless it is updated later."""
    if not step.until_update:
        await _show(run, machine, step.gate)
        return True
    try:
        await _show(run, machine, replace(step.gate, timeout=min(step.gate.timeout, SOON), tests=()))
    except HealthGateFailed:
        return False
    return True


async def _show(run: GatedStep, machine: MachineId, gate: HealthGate) -> None:
    machines, looks = run.rollout.machines, run.rollout.looks
    seen = await machines.get(machine)
    if gate.kind is GateKind.REST or is_stopped_by_hand(seen):
        return
    expected = expect_written(seen)
    if seen.state in FALLEN:
        await run.settle_and_start(expected, timeout=gate.timeout)
    seen = await pass_gate(machines, expected, gate, report=run.say, wake=run.wake, looks=looks)
    if gate.kind is GateKind.BOOT and seen.state not in RESTING:
        seen = await watch_boot(machines, expected, timeout=gate.timeout, wake=run.wake, looks=looks)
    await run_tests(run.rollout, seen, gate, report=run.say)


async def _hand_over(run: GatedStep, machine: MachineId) -> None:
    """Give back the lease if the proxy starts and stops the machine: it cannot start a leased one, and soon no other gets requests."""
    sent = run.rollout.ledger.wrote(machine)
    if sent is not None and is_proxied(sent):
        await run.rollout.leases.release([machine])


async def _hold(run: GatedStep, account: Written) -> None:
    """Check that its gate still holds, if that has checks."""
    if account.gate.kind is GateKind.CHECKS:
        rollout = run.rollout
        await hold_gate(rollout.machines, account.expected, account.gate, wake=run.wake, looks=rollout.looks)


def _machine_id(run: GatedStep, step: Route) -> MachineId:
    if step.machine is not None:
        return step.machine.id
    assert step.slot is not None, "a Route has a machine or a slot"
    return run.rollout.ledger.made[step.slot]


async def cordon(run: GatedStep, step: Cordon) -> None:
    """Cordon it. A rollback uncordons it, whichever run has cordoned it."""
    run.machine = step.machine.id
    run.touch(step.machine.id)
    if step.done:
        run.finish("cordoned before the interruption")
        return
    by_hand = is_cordoned_by_hand(run.rollout.ledger.find(step.machine))
    why = Cordoned.RETIRE_HELD if by_hand else Cordoned.RETIRE
    await take_out(run.rollout, step.machine.id, why, drains=False)
    run.finish("cordoned")
