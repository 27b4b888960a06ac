"""Cordons and uncordons machines. A rollout marks a machine before it cordons it, and removes the mark after it has uncordoned it."""

from __future__ import annotations

from contextlib import suppress

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.extras import Cordoned, cordon_of
from entrypoint.fleet.marks import CORDON
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import DRAIN_SECONDS, Update
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import POLL, HealthGateFailed

LOOKS = 5
"""How often a machine is read until it shows that it is uncordoned, because reads come from replicas that lag."""
LEFT_WITHIN = 2.0
"""Seconds for uncordoning everything that was drained, even while being cancelled. The leases are given back after that."""


async def take_out(rollout: Rollout, machine: MachineId, why: Cordoned, *, drains: bool) -> None:
    """Mark and cordon it. `drains`: also wait until its requests have ended."""
    if why in (Cordoned.DRAIN, Cordoned.UPDATED):
        rollout.ledger.drained.add(machine)
    await rollout.halting.write(lambda: rollout.machines.set_metadata(machine, key=CORDON, value=why.value))
    await rollout.halting.write(lambda: rollout.machines.cordon(machine, nonce=rollout.leases.nonce(machine)))
    if drains:
        await anyio.sleep(DRAIN_SECONDS)


async def take_out_for_good(rollout: Rollout, machine: MachineId, *, drains: bool) -> None:
    """Take a machine that is destroyed next out of routing. A refused mark does not stop that: nobody reads it for long."""
    with suppress(FleetError):
        await rollout.halting.write(
            lambda: rollout.machines.set_metadata(machine, key=CORDON, value=Cordoned.MADE.value)
        )
    await rollout.halting.write(lambda: rollout.machines.cordon(machine, nonce=rollout.leases.nonce(machine)))
    if drains:
        await anyio.sleep(DRAIN_SECONDS)


def find_drained(rollout: Rollout) -> None:
    """Note the machines that a killed run has drained and not updated, where this one, which was to update them, has halted. It holds their
    leases, so nobody else is draining them.
    """
    updates = (step for _, step in rollout.plan.steps() if isinstance(step, Update) and not step.done)
    rollout.ledger.drained.update(
        step.machine.id
        for step in updates
        if rollout.leases.nonce(step.machine.id) is not None
        and cordon_of(rollout.ledger.find(step.machine)) is Cordoned.DRAIN
    )


async def put_back(rollout: Rollout, machine: MachineId) -> None:
    """Uncordon it and remove the mark. Raises FleetError, and HealthGateFailed if it stays cordoned."""
    await uncordon(rollout, machine)
    await rollout.halting.write(lambda: rollout.machines.delete_metadata(machine, key=CORDON))
    rollout.ledger.drained.discard(machine)


async def uncordon(rollout: Rollout, machine: MachineId) -> None:
    """Uncordon it, until a GET shows it. Raises FleetError, and HealthGateFailed if it stays cordoned."""
    await rollout.halting.write(
        lambda: rollout.machines.uncordon(machine, nonce=rollout.leases.nonce(machine))
    )
    for look in range(LOOKS):
        if look:
            await anyio.sleep(POLL)
        if not (await rollout.machines.get(machine)).cordoned:
            return
    raise HealthGateFailed("it stays cordoned, although Fly accepted the request to uncordon it")


async def put_back_left(rollout: Rollout) -> None:
    """Uncordon everything that the rollout drained, within LEFT_WITHIN seconds, however it ended. The leases are still held."""

    async def give_back(machine: MachineId) -> None:
        with suppress(FleetError):
            nonce = rollout.leases.nonce(machine)
            await rollout.machines.uncordon(machine, nonce=nonce)
            await rollout.machines.delete_metadata(machine, key=CORDON)
            rollout.ledger.drained.discard(machine)

    with anyio.move_on_after(LEFT_WITHIN, shield=True):
        async with anyio.create_task_group() as group:
            for machine in sorted(rollout.ledger.drained):
                group.start_soon(give_back, machine)
