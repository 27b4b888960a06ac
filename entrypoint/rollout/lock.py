"""The app's lock: a machine that is never launched. Its name makes it the only one, its lease says who holds it.

It is leased for `leases.TTL` seconds at a time and refreshed with the other leases, deleted at the end, and taken over when the run
that made it is gone and its lease has lapsed. It carries none of Fly's metadata, so that no deployer counts it as one of the app's.
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
"""The smallest; it never runs."""


async def take_lock(rollout: Rollout) -> MachineId:
    """The lock's machine, leased. Waits PATIENCE seconds for another deploy. Raises FleetError."""
    until, taken = anyio.current_time() + PATIENCE, False
    while True:
        try:
            machine = await (_take_over(rollout) if taken else make_lock(rollout))
        except (LeaseHeld, VersionConflict) as error:
            taken = True
            if anyio.current_time() >= until:
                raise LeaseHeld(
                    f"Another deploy of this app is under way: it holds the machine {NAME} ({error})",
                    hint="Run the workflow again when it has ended.",
                ) from error
        except MachineGone:  # its holder has just given it back
            taken = False
        else:
            if machine is not None:
                return machine
            taken = False
        await anyio.sleep(PAUSE)


async def remove_left_lock(machines: Machines, fleet: Fleet) -> None:
    """The lock of a run that was killed, where a later one needed none to finish. Its lease may have to lapse first.

    One whose holder still works stays. Never raises FleetError.
    """
    left = next((m for m in fleet.machines if m.name == NAME and LOCK in m.metadata), None)
    if left is None:
        return
    with suppress(FleetError):
        lease = await machines.acquire_lease(left.id, ttl=TTL, description=NAME, patience=TTL + PAUSE)
        await machines.destroy(left.id, nonce=lease.nonce)


async def give_back_lock(rollout: Rollout, machine: MachineId) -> bool:
    """Delete it, even while being cancelled; whether it is surely gone."""
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
    """The lock's machine, made and leased. Raises VersionConflict where somebody has made it, and LeaseHeld where that was an earlier run of this very plan."""
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
        rollout.leases.add(Lease(machine=made.id, nonce=made.nonce, version=None))
        return made.id
    return await _lease(rollout, made.id)  # the server gives none with a create


async def _take_over(rollout: Rollout) -> MachineId | None:
    """Somebody's: ours if their lease has lapsed. None where it is gone. Raises LeaseHeld."""
    found = await rollout.machines.find(name=NAME)
    if found is None or found.state in DEAD:
        return None
    return await _lease(rollout, found.id)


async def _lease(rollout: Rollout, machine: MachineId) -> MachineId:
    lease = await rollout.machines.acquire_lease(
        machine, ttl=TTL, description=rollout.job.description, patience=0.0
    )
    rollout.leases.add(lease)
    return machine


def _config(rollout: Rollout) -> JsonObject:
    return {
        "image": _image(rollout.plan),
        "guest": dict(GUEST),
        "restart": {"policy": "no"},
        "metadata": {LOCK: rollout.job.digest},
    }


def _image(plan: Plan) -> str:
    """A valid one: that which the plan deploys, to whatever it deploys it first."""
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
