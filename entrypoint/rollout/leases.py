"""Holds the lease of every machine that a rollout changes, for as long as it runs, and always gives it back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace

import anyio

from entrypoint.fleet.errors import FleetError, LeaseHeld, LeaseLost, MachineGone, Unavailable
from entrypoint.kernel.ids import MachineId, Nonce
from entrypoint.rollout.ports import Lease, Machines

TTL = 50
"""Seconds. A killed run blocks others at most this long. It is short, so that the next run still sees the killed run's release machine,
which Fly shows for a while after its end."""
MANY, LONG_TTL = 500, 120
"""More leases than this last so many seconds: refreshing 5,000 every 25 s would be most of what a rollout asks of Fly."""
REFRESH_EVERY = TTL / 2
"""Seconds, if the server grants TTL; else half of what it grants."""
UNSURE = 20.0
"""Seconds that a lease with an unknown end is assumed to last: one from a create, or from a server that does not tell."""
LOOK_EVERY = TTL / 10
"""Seconds between checks for leases to refresh. So a failed refresh is tried a few times more before its lease expires."""
PATIENCE = LONG_TTL + 10.0
"""Seconds to wait for somebody else's lease: longer than a killed run of ours can hold one."""
RELEASE_WITHIN = 3.0
"""Seconds for giving all leases back, whatever happens."""
ANSWER_WITHIN = 1.5
"""Seconds to wait for the answer to a lease request once the rollout is stopped. Only the answer has the nonce to give it back with."""
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Asking:
    """A refresh in progress: its shielded scope, and its end."""

    scope: anyio.CancelScope = field(default_factory=lambda: anyio.CancelScope(shield=True))
    answered: anyio.Event = field(default_factory=anyio.Event)

    def hurry(self) -> None:
        """Wait for its answer for ANSWER_WITHIN seconds more at most."""
        self.scope.deadline = min(self.scope.deadline, anyio.current_time() + ANSWER_WITHIN)


class Leases:
    """The leases that are held. Requests that change a machine need its `nonce`. `ttl`: seconds that each lasts without a refresh."""

    def __init__(self, machines: Machines, *, ttl: int = TTL) -> None:
        self._machines = machines
        self.ttl = ttl
        self._ttls: dict[MachineId, int] = {}
        """Of those that last otherwise."""
        self._held: dict[MachineId, Lease] = {}
        self._fresh: dict[MachineId, float] = {}
        """When each was last taken or refreshed."""
        self._leaving: set[MachineId] = set()
        """Machines that we are about to destroy: their lease ends with them."""
        self._unanswered: set[MachineId] = set()
        """Machines with a refresh that got no answer. It may still reach Fly and restore a released lease."""
        self._releasing: set[MachineId] = set()
        """Machines whose lease is being given back, and is not refreshed any more."""
        self._refused: set[MachineId] = set()
        """Machines whose lease Fly refuses to refresh."""
        self._asked: dict[MachineId, _Asking] = {}
        """Refreshes in progress."""
        self._left: dict[MachineId, float] = {}
        """Until when a lease may still be held that could not be given back."""
        self._description = ""

    def nonce(self, machine: MachineId) -> Nonce | None:
        """The nonce for a machine; None if we hold no lease on it."""
        lease = self._held.get(machine)
        return lease.nonce if lease else None

    def held(self) -> tuple[Lease, ...]:
        """All leases, by machine."""
        return tuple(self._held[machine] for machine in sorted(self._held))

    def left(self) -> int:
        """How many leases could not be given back, and may still be held. Those of machines that are destroyed, or leased again, do not count."""
        return sum(until > anyio.current_time() for until in self._left.values())

    def add(self, lease: Lease, *, ttl: int | None = None) -> None:
        """Add a lease that was taken, or that came with the answer to a create. `ttl`: for this one, from now on."""
        if ttl is not None:
            self._ttls[lease.machine] = ttl
        self._held[lease.machine] = lease
        self._fresh[lease.machine] = anyio.current_time()
        self._left.pop(lease.machine, None)

    def leaving(self, machine: MachineId) -> None:
        """Note that the machine is about to be destroyed, so that the loss of its lease is no error."""
        self._leaving.add(machine)

    def drop(self, machine: MachineId) -> None:
        """Forget the lease of a machine that is destroyed."""
        self._held.pop(machine, None)
        self._unanswered.discard(machine)
        self._left.pop(machine, None)

    async def acquire(self, machines: Iterable[MachineId], *, description: str) -> None:
        """Take all leases. Raises FleetError; those that were taken are held until `release`.

        They are requested side by side. If somebody holds one, those with higher ids are given back before this waits for it. So two
        rollouts that want the same machines wait in the same order, and cannot deadlock.
        """
        self._description = description
        left = sorted(set(machines) - self._held.keys())
        while left:
            failed = await self._take(left, patience=0.0)
            if not failed:
                return
            first = min(failed)
            await self.release([machine for machine in left if machine > first])
            failed = await self._take([first], patience=PATIENCE)
            if failed:
                raise failed[first]
            left = [machine for machine in left if machine > first]

    async def try_all(self, machines: Iterable[MachineId], *, description: str) -> bool:
        """Try to take all leases without waiting. Returns whether all are held now."""
        self._description = description
        try:
            return not await self._take(sorted(set(machines) - self._held.keys()), patience=0.0)
        except MachineGone:
            return False

    async def _take(self, machines: Sequence[MachineId], *, patience: float) -> dict[MachineId, FleetError]:
        """Request the leases side by side. Returns those that could not be taken, and why. Raises MachineGone."""
        failed: dict[MachineId, FleetError] = {}
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        asked: set[anyio.CancelScope] = set()

        async def take(machine: MachineId) -> None:
            async with limiter:
                with anyio.CancelScope(shield=True) as scope:
                    asked.add(scope)
                    try:
                        lease = await self._machines.acquire_lease(
                            machine, ttl=self.ttl, description=self._description, patience=patience
                        )
                    except FleetError as error:
                        failed[machine] = error
                    else:
                        self.add(lease)
                    finally:
                        asked.discard(scope)

        async def hurry() -> None:
            try:
                await anyio.sleep_forever()
            finally:
                for scope in asked:
                    scope.deadline = anyio.current_time() + ANSWER_WITHIN

        async with anyio.create_task_group() as group:
            group.start_soon(hurry)
            async with anyio.create_task_group() as takers:
                for machine in machines:
                    takers.start_soon(take, machine)
            group.cancel_scope.cancel()
        for error in failed.values():
            if isinstance(error, MachineGone):
                raise error
        return failed

    async def keep(self, *, on_lost: Callable[[Lease, FleetError], None]) -> None:
        """Refresh all leases until cancelled. Each is refreshed by itself, so a slow answer delays no other. A lease that somebody took or
        cleared is reported once and dropped. One that Fly refuses to refresh is reported once, and kept until it expires.

        If Fly does not answer, no lease counts as lost. One that expires meanwhile is taken again as soon as Fly answers, if nobody else
        holds it; until then every write still names the version that it expects. When cancelled, this waits up to ANSWER_WITHIN for the
        answers to refreshes, because one that reaches Fly after the release would restore the lease.
        """
        asked = self._asked

        async def refresh(lease: Lease, asking: _Asking) -> None:
            try:
                with asking.scope:
                    await self._keep_one(lease, on_lost=on_lost)
                if asking.scope.cancelled_caught:
                    self._unanswered.add(lease.machine)
            finally:
                del asked[lease.machine]
                asking.answered.set()

        async with anyio.create_task_group() as group:
            try:
                while True:
                    await anyio.sleep(LOOK_EVERY)
                    for lease in self.held():
                        if self._is_due(lease):
                            asked[lease.machine] = _Asking()
                            group.start_soon(refresh, lease, asked[lease.machine])
            finally:
                for asking in asked.values():
                    asking.hurry()

    def _is_due(self, lease: Lease) -> bool:
        # At the check nearest to half of its time, so that a rounding error does not delay it by a whole interval.
        is_old = self._age(lease) + LOOK_EVERY / 2 >= self._lasts(lease) / 2
        return is_old and lease.machine not in self._asked.keys() | self._releasing | self._refused

    def _age(self, lease: Lease) -> float:
        return anyio.current_time() - self._fresh.get(lease.machine, 0.0)

    async def _keep_one(self, lease: Lease, *, on_lost: Callable[[Lease, FleetError], None]) -> None:
        try:
            with anyio.fail_after(max(2 * LOOK_EVERY, self._lasts(lease) / 5)):
                await self._refresh(lease)
        except MachineGone:
            self.drop(lease.machine)
        except TimeoutError:
            self._unanswered.add(lease.machine)
        except Unavailable:
            return
        except (LeaseLost, LeaseHeld) as error:
            self.drop(lease.machine)
            on_lost(lease, error)
        except FleetError as error:  # it may be held until it expires, and a rollback may need it
            self._refused.add(lease.machine)
            on_lost(lease, error)

    async def _refresh(self, lease: Lease) -> None:
        ttl = self._ttl_of(lease.machine)
        try:
            lasts = await self._machines.refresh_lease(lease, ttl=ttl)
        except LeaseLost:
            if lease.machine in self._leaving | self._releasing:
                return
            if self._age(lease) <= 0.75 * self._lasts(lease):
                raise
            lease = await self._machines.acquire_lease(
                lease.machine, ttl=ttl, description=self._description, patience=0.0
            )
        else:
            if lease.machine not in self._held:  # dropped meanwhile: it was destroyed
                return
            lease = replace(lease, lasts=lasts or lease.lasts)
        self._unanswered.discard(lease.machine)
        self.add(lease)

    async def release(
        self,
        machines: Iterable[MachineId] | None = None,
        *,
        within: float = RELEASE_WITHIN,
        shield: bool = True,
    ) -> None:
        """Give back the named leases, or all, within so many seconds. With `shield`, even while being cancelled."""
        wanted = self._held.keys() if machines is None else set(machines)
        leaving = [lease for lease in self.held() if lease.machine in wanted]
        free: set[MachineId] = set()
        self._releasing |= {lease.machine for lease in leaving}

        async def give(lease: Lease) -> None:
            asking = self._asked.get(lease.machine)
            if asking is not None:
                asking.hurry()
                await asking.answered.wait()
            with suppress(FleetError):
                await self._machines.release_lease(self._held.get(lease.machine, lease))
                free.add(lease.machine)

        with anyio.move_on_after(within, shield=shield):
            async with anyio.create_task_group() as group:
                for lease in leaving:
                    group.start_soon(give, lease)
        for lease in leaving:
            self._held.pop(lease.machine, None)
            self._releasing.discard(lease.machine)
            if lease.machine not in free - self._unanswered:
                self._left[lease.machine] = anyio.current_time() + self._ttl_of(lease.machine)

    def _lasts(self, lease: Lease) -> float:
        """Seconds that it lasts without a refresh. A server may grant less than requested."""
        return min(self._ttl_of(lease.machine), lease.lasts or UNSURE)

    def _ttl_of(self, machine: MachineId) -> int:
        return self._ttls.get(machine, self.ttl)


def choose_ttl(machines: int) -> int:
    """Seconds that the leases of a rollout of so many machines last."""
    return TTL if machines <= MANY else LONG_TTL


@asynccontextmanager
async def kept(leases: Leases, *, on_lost: Callable[[Lease, FleetError], None]) -> AsyncIterator[None]:
    """Refresh the leases inside the block."""
    async with anyio.create_task_group() as group:

        async def keep() -> None:
            await leases.keep(on_lost=on_lost)

        group.start_soon(keep)
        try:
            yield
        finally:
            group.cancel_scope.cancel()
