"""The app's lock: a machine that is never started. Its name makes it unique; its lease shows who holds it.

It is leased for `leases.TTL` seconds and refreshed with the other leases, and destroyed at the end. If its run was killed, the next run takes
it over when its lease has expired. It has none of Fly's metadata, so no deployer counts it as a machine of the app.
"""

from __future__ import annotations

from contextlib import suppress

import anyio

from entrypoint.fleet.errors import FleetError, LeaseHeld, MachineGone, VersionConflict
from entrypoint.fleet.marks import LOCK
from entrypoint.fleet.model import Fleet
from entrypoint.fleet.states import DEAD
from entrypoint.kernel.ids import MachineId, Region
from entrypoint.kernel.json import JsonObject
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Update
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.leases import PATIENCE, RELEASE_WITHIN, TTL
from entrypoint.rollout.ports import Lease, Machines

NAME = "flightplan-lock"
PAUSE = 2.0
"""Seconds between attempts."""
GUEST: JsonObject = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
"""The smallest size, because it never runs."""


async def take_lock(rollout: Rollout) -> MachineId:
    """Create or take over the lock, and lease it. Waits for another deploy as long as for a lease. Raises FleetError."""
    until, taken = anyio.current_time() + PATIENCE, False
    while True:
        try:
            machine = await (_take_over(rollout) if taken else make_lock(rollout))
        except (LeaseHeld, VersionConflict) as error:
            taken = True
            if anyio.current_time() >= until:
                raise LeaseHeld(
                    f"Another deploy of this app is under way: it holds the machine {NAME} ({error})",
                    hint="Run the deploy again when it has ended.",
                ) from error
        except MachineGone:  # its holder has just given it back
            taken = False
        else:
            if machine is not None:
                return machine
            taken = False
        await anyio.sleep(PAUSE)


async def remove_left_lock(machines: Machines, fleet: Fleet) -> None:
    """Destroy the lock that a killed run left, if a later run needed no lock. Waits until its lease has expired.

    The lock of a run that still works is kept. Never raises FleetError.
    """
    left = next((m for m in fleet.machines if m.name == NAME and LOCK in m.metadata), None)
    if left is None:
        return
    with suppress(FleetError):
        lease = await machines.acquire_lease(left.id, ttl=TTL, description=NAME, patience=TTL + PAUSE)
        await machines.destroy(left.id, nonce=lease.nonce)


async def give_back_lock(rollout: Rollout, machine: MachineId) -> bool:
    """Destroy the lock, even while being cancelled. Returns whether it is known to be destroyed."""
    nonce = rollout.leases.nonce(machine)
    if nonce is None:  # lost to somebody else, and theirs
        return True
    rollout.leases.leaving(machine)
    with anyio.move_on_after(RELEASE_WITHIN, shield=True):
        try:
            await rollout.machines.destroy(machine, nonce=nonce)
        except FleetError:
            return False
        rollout.leases.drop(machine)
        return True
    return False


async def make_lock(rollout: Rollout) -> MachineId:
    """Create and lease the lock. If it exists, raises VersionConflict, or LeaseHeld if an earlier run of this plan created it."""
    made = await rollout.halting.write(
        lambda: rollout.machines.create(
            name=NAME,
            region=_region(rollout.plan),
            config=_config(rollout),
            skip_launch=True,
            lease_ttl=TTL,
        )
    )
    if made.nonce:
        rollout.leases.add(Lease(machine=made.id, nonce=made.nonce, version=None), ttl=TTL)
        return made.id
    return await _lease(rollout, made.id)  # the server gives none with a create


async def _take_over(rollout: Rollout) -> MachineId | None:
    """Lease a lock that exists, if its lease has expired. None if it was destroyed. Raises LeaseHeld."""
    found = await rollout.machines.find(name=NAME)
    if found is None or found.state in DEAD:
        return None
    return await _lease(rollout, found.id)


async def _lease(rollout: Rollout, machine: MachineId) -> MachineId:
    lease = await rollout.machines.acquire_lease(
        machine, ttl=TTL, description=rollout.job.description, patience=0.0
    )
    rollout.leases.add(lease, ttl=TTL)
    return machine


def _config(rollout: Rollout) -> JsonObject:
    return {
        "image": _image(rollout.plan),
        "guest": dict(GUEST),
        "restart": {"policy": "no"},
        "metadata": {LOCK: rollout.job.digest},
    }


def _image(plan: Plan) -> str:
    """An image that exists: the one that the plan deploys."""
    if plan.image.ref:
        return plan.image.ref
    configs = [step.config for _, step in plan.steps() if isinstance(step, Create | Update)]
    configs += [plan.release.config] if plan.release is not None else []
    found = [image for config in configs if isinstance(image := config.get("image"), str)]
    return next(iter([*found, *plan.live_images]), "")


def _region(plan: Plan) -> Region:
    if plan.release is not None:
        return plan.release.region
    return next((step.region for _, step in plan.steps()), Region(""))
