"""Hold the lease of every machine that a rollout touches, for as long as it runs, and always give it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import anyio

from entrypoint.fleet.errors import FleetError, LeaseLost, MachineGone
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.rollout.ports import Lease, Machines

TTL = 30
"""Seconds. A killed run blocks others at most this long."""
REFRESH_EVERY = TTL / 3
PATIENCE = 60.0
"""Seconds to wait for somebody else's lease: longer than a killed run of ours can hold one."""
RELEASE_WITHIN = 3.0
"""Seconds for giving all leases back, whatever happens."""
_AT_ONCE = 40


class Leases:
    """The leases held now. `nonce` is what mutating calls must carry."""

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self._held: dict[MachineId, Lease] = {}

    def nonce(self, machine: MachineId) -> Nonce | None:
        """The nonce for a machine; None where we hold no lease on it."""
        lease = self._held.get(machine)
        return lease.nonce if lease else None

    def held(self) -> tuple[Lease, ...]:
        """All leases, by machine."""
        return tuple(self._held[machine] for machine in sorted(self._held))

    def add(self, lease: Lease) -> None:
        """A lease that came with the answer to a create."""
        self._held[lease.machine] = lease

    def drop(self, machine: MachineId) -> None:
        """The machine is gone, and its lease with it."""
        self._held.pop(machine, None)

    async def acquire(self, machines: Iterable[MachineId], *, description: str) -> None:
        """Take all of them, side by side. Raises the first FleetError; what was taken stays held until `release`."""
        failures: list[FleetError] = []
        limiter = anyio.CapacityLimiter(_AT_ONCE)

        async def take(machine: MachineId) -> None:
            async with limiter:
                try:
                    lease = await self._machines.acquire_lease(
                        machine, ttl=TTL, description=description, patience=PATIENCE
                    )
                except FleetError as error:
                    failures.append(error)
                    group.cancel_scope.cancel()
                else:
                    self._held[machine] = lease

        async with anyio.create_task_group() as group:
            for machine in machines:
                group.start_soon(take, machine)
        if failures:
            raise failures[0]

    async def keep(self, *, on_lost: Callable[[Lease, FleetError], None]) -> None:
        """Refresh all, for ever. A lease that cannot be refreshed before it ends is reported once and dropped."""
        misses: dict[MachineId, int] = {}

        async def refresh(lease: Lease) -> None:
            try:
                await self._machines.refresh_lease(lease, ttl=TTL)
                misses.pop(lease.machine, None)
            except MachineGone:
                self.drop(lease.machine)
            except FleetError as error:
                misses[lease.machine] = misses.get(lease.machine, 0) + 1
                if isinstance(error, LeaseLost) or misses[lease.machine] * REFRESH_EVERY >= TTL:
                    self.drop(lease.machine)
                    on_lost(lease, error)

        while True:
            await anyio.sleep(REFRESH_EVERY)
            async with anyio.create_task_group() as group:
                for lease in self.held():
                    group.start_soon(refresh, lease)

    async def release(self) -> int:
        """Give all back within RELEASE_WITHIN seconds, even while being cancelled. Returns how many could not be."""

        async def give(lease: Lease) -> None:
            try:
                await self._machines.release_lease(lease)
            except FleetError:
                return
            self._held.pop(lease.machine, None)

        with anyio.move_on_after(RELEASE_WITHIN, shield=True):
            async with anyio.create_task_group() as group:
                for lease in self.held():
                    group.start_soon(give, lease)
        left = len(self._held)
        self._held.clear()
        return left


@asynccontextmanager
async def kept(leases: Leases, *, on_lost: Callable[[Lease, FleetError], None]) -> AsyncIterator[None]:
    """Leases are refreshed inside the block."""
    async with anyio.create_task_group() as group:

        async def keep() -> None:
            await leases.keep(on_lost=on_lost)

        group.start_soon(keep)
        try:
            yield
        finally:
            group.cancel_scope.cancel()
