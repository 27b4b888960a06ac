"""Lists come from replicas that lag (machines-api §1): before something is said of a machine, it is read by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import anyio

from entrypoint.fleet.errors import FleetError, MachineGone
from entrypoint.fleet.model import Fleet, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.rollout.ports import Machines

_AT_ONCE = 40


async def reread(machines: Machines, fleet: Fleet, suspects: Iterable[MachineId]) -> Fleet:
    """The fleet with each of `suspects` as a GET shows it; those that are gone are left out. Raises FleetError."""
    found: dict[MachineId, Machine | None] = {}
    failures: list[FleetError] = []
    limiter = anyio.CapacityLimiter(_AT_ONCE)

    async def read(machine: MachineId) -> None:
        async with limiter:
            try:
                found[machine] = await machines.get(machine)
            except MachineGone:
                found[machine] = None
            except FleetError as error:
                failures.append(error)

    async with anyio.create_task_group() as group:
        for machine in dict.fromkeys(suspects):
            group.start_soon(read, machine)
    if failures:
        raise failures[0]
    listed = {machine.id: machine for machine in fleet.machines}
    seen = {**listed, **found}
    return replace(fleet, machines=tuple(machine for machine in seen.values() if machine is not None))
