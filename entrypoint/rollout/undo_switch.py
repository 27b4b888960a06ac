"""Routing undone: old machines get requests again before new ones get none, so that at no moment fewer serve and no request is cut off."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.extras import Cordoned, is_cordoned_by_hand
from entrypoint.fleet.marks import CORDON
from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.planning.model.steps import Cordon, Create, Route
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.routing import put_back, take_out

ROUTED = "in routing again"


def must_stay(cordoned: Sequence[Touched]) -> set[GroupName]:
    """Groups whose old machines did not all come back into routing: their new ones serve on."""
    return {t.step.group for t in cordoned if t.undone is None or not t.undone.restored}


async def back_into_routing(rollout: Rollout, step: Cordon) -> str:
    """The old machine gets requests again; where a person had taken it out of routing before, it loses our mark only."""
    machine = step.machine.id
    await rollout.leases.acquire([machine], description=rollout.job.description)
    if is_cordoned_by_hand(rollout.ledger.find(step.machine)):
        await rollout.halting.write(lambda: rollout.machines.delete_metadata(machine, key=CORDON))
        return ""
    await put_back(rollout, machine)
    return ROUTED


async def out_of_routing(rollout: Rollout, touched: Touched) -> str:
    """What this rollout made gets no more requests, and goes afterwards; a live machine that got them back keeps them.

    It is marked as before, so that a run after one that was killed here does not take the cordon for a person's.
    """
    machine = touched.machine
    if not isinstance(touched.step, Route) or touched.step.machine is not None or machine is None:
        return ""
    if touched.step.marked:
        await take_out(rollout, machine, Cordoned.MADE, drains=False)
    else:
        await rollout.halting.write(
            lambda: rollout.machines.cordon(machine, nonce=rollout.leases.nonce(machine))
        )
    return ""


async def take_out_made(rollout: Rollout, made: Sequence[Touched]) -> None:
    """What serves gets no more requests before it is destroyed, and those that it has end. Best effort: it goes either way."""

    async def take(machine: MachineId) -> None:
        with suppress(FleetError):
            await take_out(rollout, machine, Cordoned.MADE, drains=True)

    async with anyio.create_task_group() as group:
        for touched in made:
            step = touched.step
            if (
                touched.up
                and touched.machine
                and isinstance(step, Create)
                and step.routed
                and step.config.get("services")
            ):
                group.start_soon(take, touched.machine)
