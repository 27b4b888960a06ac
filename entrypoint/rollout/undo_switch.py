"""Undoes a switch: the old machines get requests again before the new ones get none, so that no request is lost."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.extras import is_cordoned_by_hand
from entrypoint.fleet.marks import CORDON
from entrypoint.kernel.ids import GroupName, MachineId
from entrypoint.planning.model.steps import Cordon, Create, Route
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.health import serves
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.routing import put_back, take_out_for_good

ROUTED = "uncordoned again"
AGAIN = 1.0
"""Seconds before a refused cordon is tried once more."""


def must_stay(cordoned: Sequence[Touched]) -> set[GroupName]:
    """The groups in which an old machine could not be uncordoned. Their new machines keep serving."""
    return {t.step.group for t in cordoned if t.undone is None or not t.undone.restored}


async def back_into_routing(rollout: Rollout, step: Cordon) -> str:
    """Uncordon an old machine. If a person had cordoned it before, only our mark is removed."""
    machine = step.machine.id
    await rollout.leases.acquire([machine], description=rollout.job.description)
    if is_cordoned_by_hand(rollout.ledger.find(step.machine)):
        await rollout.halting.write(lambda: rollout.machines.delete_metadata(machine, key=CORDON))
        return ""
    await put_back(rollout, machine)
    return ROUTED


async def out_of_routing(rollout: Rollout, touched: Touched) -> str:
    """Cordon a machine that this rollout created; it is destroyed later. A live machine that was uncordoned stays so.

    It gets its mark again. Otherwise, if this run is killed here, the next would believe that a person cordoned it.
    """
    machine = touched.machine
    if not isinstance(touched.step, Route) or touched.step.machine is not None or machine is None:
        return ""
    await rollout.leases.acquire([machine], description=rollout.job.description)
    if touched.step.marked:
        await take_out_for_good(rollout, machine, drains=False)
    else:
        await rollout.halting.write(
            lambda: rollout.machines.cordon(machine, nonce=rollout.leases.nonce(machine))
        )
    return ""


async def take_out_made(rollout: Rollout, made: Sequence[Touched], *, routed: Sequence[Touched]) -> None:
    """Drain the new machines that serve by now, whether or not their gate has passed, before they are destroyed. Failures are ignored: they
    are destroyed anyway. `routed`: those whose cordon failed before are tried once more.
    """
    again = {t.machine for t in routed if t.undone is not None and not t.undone.restored}

    async with anyio.create_task_group() as group:
        for touched in made:
            step, machine = touched.step, touched.machine
            if not isinstance(step, Create) or machine is None or not step.config.get("services"):
                continue
            if step.routed or machine in again:
                group.start_soon(_take_out_patiently, rollout, machine)


async def _take_out_patiently(rollout: Rollout, machine: MachineId) -> None:
    """Drain it if it serves. What Fly refuses is tried once more."""
    with suppress(FleetError):
        await _take_out_if_serving(rollout, machine)
        return
    await anyio.sleep(AGAIN)
    with suppress(FleetError):
        await _take_out_if_serving(rollout, machine)


async def _take_out_if_serving(rollout: Rollout, machine: MachineId) -> None:
    if serves(await rollout.machines.get(machine)):
        await rollout.leases.acquire([machine], description=rollout.job.description)
        await take_out_for_good(rollout, machine, drains=True)
