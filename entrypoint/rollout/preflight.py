"""Before anything happens: is the fleet still the planned one, and is there nobody else at work on its machines?"""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import LeaseHeld
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import is_done, machine_of
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.leases import PATIENCE
from entrypoint.rollout.recheck import recheck

PAUSE = 2.0
"""Seconds between looks at a lease that somebody holds."""


async def preflight(rollout: Rollout) -> tuple[str, ...]:
    """What moved since the plan was made. Raises LeaseHeld where somebody keeps a lease for PATIENCE seconds, and FleetError."""
    until = anyio.current_time() + PATIENCE
    while True:
        moved, fleet = await recheck(rollout)
        held = [] if moved else _held(rollout, fleet)
        if not held:
            return moved
        if anyio.current_time() >= until:
            raise LeaseHeld(
                f"Somebody else works on this app: {'; '.join(held)}.",
                hint="Run the workflow again when they are done (fly machine leases).",
            )
        await anyio.sleep(PAUSE)


def _held(rollout: Rollout, fleet: Fleet) -> list[str]:
    """Leases of others on machines that this rollout writes, in words; a server that does not say shows none."""
    wanted: set[MachineId] = {
        machine.id
        for _, step in rollout.plan.steps()
        if not is_done(step) and (machine := machine_of(step)) is not None
    }
    return [
        f"{machine.lease.owner or 'somebody'} holds the lease on machine {machine.id}"
        + (f" ({machine.lease.description})" if machine.lease.description else "")
        for machine in sorted(fleet.machines, key=lambda m: m.id)
        if machine.id in wanted and machine.lease is not None
    ]
