"""Cordons and uncordons machines. A rollout marks a machine before it cordons it, and removes the mark after it has uncordoned it."""

from __future__ import annotations

from contextlib import suppress

import anyio

from entrypoint.fleet.errors import FleetError, MachineGone
from entrypoint.fleet.extras import Cordoned, cordon_of
from entrypoint.fleet.marks import CORDON
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import DRAIN_SECONDS, is_done, machine_of
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import POLL, HealthGateFailed

LOOKS = 5
"""How often a machine is read until it shows that it is uncordoned, because reads come from replicas that lag."""
LEFT_WITHIN = 2.0
"""Seconds for uncordoning everything that was drained, even while being cancelled. The leases are given back after that."""
THERE_IS_TIME = 30.0
"""The same where nobody has cancelled the run."""


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


async def find_drained(rollout: Rollout) -> None:
    """Note the machines that a killed run has drained and not updated, where this run, which was to change them, has halted before it came to
    them. It leases them first, so that it puts back none that another run drains.
    """
    touched = {t.machine for t in rollout.ledger.touched}
    steps = (step for _, step in rollout.plan.steps() if not is_done(step))
    live = {machine.id: machine for step in steps if (machine := machine_of(step)) is not None}
    drained = [
        id_
        for id_, machine in live.items()
        if id_ not in touched and cordon_of(rollout.ledger.find(machine)) is Cordoned.DRAIN
    ]
    with suppress(FleetError):
        await rollout.leases.try_all(drained, description=rollout.job.description)
    rollout.ledger.drained.update(id_ for id_ in drained if rollout.leases.nonce(id_) is not None)


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


async def put_back_left(rollout: Rollout, *, within: float = LEFT_WITHIN, shield: bool = True) -> None:
    """Uncordon everything that the rollout drained, within so many seconds, however it ended. The leases are still held."""

    async def give_back(machine: MachineId) -> None:
        with suppress(FleetError):
            nonce = rollout.leases.nonce(machine)
            with suppress(MachineGone):
                await rollout.machines.uncordon(machine, nonce=nonce)
                await rollout.machines.delete_metadata(machine, key=CORDON)
            rollout.ledger.drained.discard(machine)

    with anyio.move_on_after(within, shield=shield):
        async with anyio.create_task_group() as group:
            for machine in sorted(rollout.ledger.drained):
                group.start_soon(give_back, machine)
