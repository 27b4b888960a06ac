"""What a killed run left in addition to the fleet: its lock, and machines that tested others."""

from __future__ import annotations

import anyio

from entrypoint.fleet.model import Fleet
from entrypoint.rollout.lock import remove_left_lock
from entrypoint.rollout.machine_tests import remove_left_tests
from entrypoint.rollout.ports import Machines


async def remove_left(machines: Machines, fleet: Fleet) -> None:
    """Remove what killed runs left. What another run still uses is kept. Never raises FleetError."""
    async with anyio.create_task_group() as group:
        group.start_soon(remove_left_lock, machines, fleet)
        group.start_soon(remove_left_tests, machines, fleet)
