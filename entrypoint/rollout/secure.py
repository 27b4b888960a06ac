"""Takes lock and leases: side by side if nobody else works on the app; else everything is given back, waited for, and taken in order.

Two rollouts cannot deadlock: one that waits for the lock holds no lease, and one that waits for a lease holds none with a higher id.
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
    """Take lock and leases. Returns what changed since the plan was made; empty also if that was not checked. `locked` is called with the
    lock's machine as soon as we hold it.

    Raises FleetError, and LeaseHeld if somebody holds the lock or a lease for too long.
    """
    wanted = _leased(rollout)
    taken = _Taken(is_locked=rollout.plan.lock is LockKind.LEASES, locked=locked)
    if await taken.all_at_once(rollout, wanted):
        return ()
    await rollout.leases.release(wanted)
    return await watched(lambda: taken.one_by_one(rollout, wanted), partial(follow_release, rollout))


def _leased(rollout: Rollout) -> list[MachineId]:
    """The machines that are leased for the whole rollout."""
    steps = (step for _, step in rollout.plan.steps() if leased_throughout(step))
    return sorted({machine.id for step in steps if (machine := machine_of(step)) is not None})


class _Taken:
    """What has been taken so far."""

    def __init__(self, *, is_locked: bool, locked: Callable[[MachineId], None]) -> None:
        self.is_locked = is_locked
        self._locked = locked
        self._is_free = True

    async def all_at_once(self, rollout: Rollout, wanted: list[MachineId]) -> bool:
        """Take lock and leases side by side, and check the leases that are taken later. Returns whether nobody else works on the app."""
        later = [machine for machine in to_be_written(rollout) if machine not in wanted]
        async with anyio.create_task_group() as group:
            if not self.is_locked:
                group.start_soon(self._lock, rollout)
            group.start_soon(self._lease, rollout, wanted)
            group.start_soon(self._look, rollout, later)
        return self.is_locked and self._is_free

    async def one_by_one(self, rollout: Rollout, wanted: list[MachineId]) -> tuple[str, ...]:
        """Wait until nobody works on the app, then take the lock, then the leases. Returns what changed since the plan was made."""
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
