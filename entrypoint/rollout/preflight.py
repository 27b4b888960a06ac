"""Waits while somebody else works on the app, and checks that the fleet is still as planned."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from entrypoint.fleet.errors import FleetError, LeaseHeld, MachineGone
from entrypoint.fleet.model import HeldLease, HostStatus
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import is_done, machine_of
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.leases import PATIENCE
from entrypoint.rollout.recheck import recheck

PAUSE = 2.0
"""Seconds between looks at a lease that somebody holds."""
_AT_ONCE = 100


async def preflight(rollout: Rollout) -> tuple[str, ...]:
    """Wait for others. Returns what changed since the plan was made. Raises FleetError, and LeaseHeld if a lease is held too long."""
    until = anyio.current_time() + PATIENCE
    wanted: Sequence[MachineId] = to_be_written(rollout)
    while True:
        moved, _ = await recheck(rollout)
        held = {} if moved else await foreign_leases(rollout, wanted)
        if not held:
            return moved
        left = max(lease.seconds_left or 0.0 for lease in held.values())
        if anyio.current_time() + left >= until:
            raise LeaseHeld(
                f"Somebody else works on this app: {'; '.join(_words(*item) for item in held.items())}.",
                hint="Run the deploy again when they are done (fly machine leases).",
            )
        wanted = list(held)
        await anyio.sleep(PAUSE)


def to_be_written(rollout: Rollout) -> list[MachineId]:
    """The live machines that the plan writes, if their host answers."""
    return sorted(
        {
            machine.id
            for _, step in rollout.plan.steps()
            if not is_done(step)
            and (machine := machine_of(step)) is not None
            and machine.host_status is HostStatus.OK
        }
    )


async def foreign_leases(rollout: Rollout, machines: Sequence[MachineId]) -> dict[MachineId, HeldLease]:
    """The leases on these machines, of which we hold none. Raises FleetError."""
    found: dict[MachineId, HeldLease] = {}
    failed: list[FleetError] = []
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def look(machine: MachineId) -> None:
        async with limiter:
            try:
                lease = await rollout.machines.lease_of(machine)
            except MachineGone:
                return
            except FleetError as error:
                failed.append(error)
                return
        if lease is not None:
            found[machine] = lease

    async with anyio.create_task_group() as group:
        for machine in machines:
            group.start_soon(look, machine)
    if failed:
        raise failed[0]
    return dict(sorted(found.items()))


def _words(machine: MachineId, lease: HeldLease) -> str:
    why = f" ({lease.description})" if lease.description else ""
    lasts = f" for {lease.seconds_left:.0f} s more" if lease.seconds_left is not None else ""
    return f"{lease.owner or 'somebody'} holds the lease on machine {machine}{lasts}{why}"
