"""What a killed run left in addition to the fleet: its lock, machines that tested others, and release machines."""

from __future__ import annotations

from functools import partial

import anyio

from entrypoint.fleet.model import Fleet
from entrypoint.rollout.lock import remove_left_lock
from entrypoint.rollout.machine_tests import remove_left_tests
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.release_command import remove_left_releases


async def remove_left(machines: Machines, fleet: Fleet, *, key: str) -> None:
    """Remove what killed runs left. What another run still uses is kept. Never raises FleetError.

    `key`: the hash of the review key. The release machine of another key is kept, because its own deploy may be run again.
    """
    async with anyio.create_task_group() as group:
        group.start_soon(remove_left_lock, machines, fleet)
        group.start_soon(remove_left_tests, machines, fleet)
        group.start_soon(partial(remove_left_releases, machines, fleet, key=key))
