"""Lock and leases, at once where nobody else is at work; where somebody is, everything is given back, waited for and taken in order.

Of two rollouts that want the same, the one that waits for the lock holds no lease, and the one that waits for a lease holds none after
it: they never wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio

from entrypoint.concurrency import watched
from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import LockKind
from entrypoint.planning.model.steps import leased_throughout, machine_of
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.lock import make_lock, take_lock
from entrypoint.rollout.preflight import foreign_leases, preflight, to_be_written
from entrypoint.rollout.recheck import recheck
from entrypoint.rollout.release_command import follow_release


async def secure(rollout: Rollout, *, locked: Callable[[MachineId], None]) -> tuple[str, ...]:
    """What moved since the plan was made, where that was looked for. `locked` is told the lock's machine as soon as it is ours.

    Raises LeaseHeld where somebody keeps what is needed, and FleetError.
    """
    wanted = _leased(rollout)
    taken = _Taken(is_locked=rollout.plan.lock is LockKind.LEASES, locked=locked)
    if await taken.all_at_once(rollout, wanted):
        return ()
    await rollout.leases.release(wanted)
    return await watched(lambda: taken.one_by_one(rollout, wanted), partial(follow_release, rollout))


def _leased(rollout: Rollout) -> list[MachineId]:
    """Machines that are leased from the beginning to the end."""
    steps = (step for _, step in rollout.plan.steps() if leased_throughout(step))
    return sorted({machine.id for step in steps if (machine := machine_of(step)) is not None})


class _Taken:
    """What could be taken."""

    def __init__(self, *, is_locked: bool, locked: Callable[[MachineId], None]) -> None:
        self.is_locked = is_locked
        self._locked = locked
        self._is_free = True

    async def all_at_once(self, rollout: Rollout, wanted: list[MachineId]) -> bool:
        """Lock and leases side by side, and beside them a look at the machines whose leases are taken later. Whether nobody else is at work."""
        later = [machine for machine in to_be_written(rollout) if machine not in wanted]
        async with anyio.create_task_group() as group:
            if not self.is_locked:
                group.start_soon(self._lock, rollout)
            group.start_soon(self._lease, rollout, wanted)
            group.start_soon(self._look, rollout, later)
        return self.is_locked and self._is_free

    async def one_by_one(self, rollout: Rollout, wanted: list[MachineId]) -> tuple[str, ...]:
        """Wait until nobody is at work, then take the lock, then the leases. What has moved since the plan was made."""
        moved = await preflight(rollout)
        if moved:
            return moved
        if not self.is_locked:
            self._locked(await take_lock(rollout))
        await rollout.leases.acquire(wanted, description=rollout.job.description)
        return (await recheck(rollout))[0]  # the other run may have changed what was planned

    async def _lock(self, rollout: Rollout) -> None:
        with suppress(FleetError):
            self._locked(await make_lock(rollout))
            self.is_locked = True

    async def _lease(self, rollout: Rollout, wanted: list[MachineId]) -> None:
        if not await rollout.leases.try_all(wanted, description=rollout.job.description):
            self._is_free = False

    async def _look(self, rollout: Rollout, later: list[MachineId]) -> None:
        try:
            is_free = not await foreign_leases(rollout, later)
        except FleetError:
            is_free = False
        self._is_free = self._is_free and is_free
