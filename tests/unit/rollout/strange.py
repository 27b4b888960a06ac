"""A server that nobody has seen: a machine along a timeline, and waits, leases and answers with manners of their own.

Not a simulator of Fly (that is tests/simulator): the port `Machines` with as little behind it as the case needs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import trio
from trio.testing import MockClock

from entrypoint.fleet.errors import FleetError, LeaseHeld, MachineGone, Unavailable, VersionConflict
from entrypoint.fleet.model import (
    Address,
    AddressKind,
    CheckStatus,
    ExitEvent,
    Fleet,
    HeldLease,
    Machine,
    Volume,
)
from entrypoint.kernel.ids import MachineId, Nonce, Region, Version, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.planning.model.steps import NewVolume
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.lock import NAME
from entrypoint.rollout.outcome import Halted, HaltKind
from entrypoint.rollout.ports import Lease

T = TypeVar("T")
ID = MachineId("m")
OURS = MachineId("ours")
"""The lock's machine, where we make it."""
EVER = 1e9


def virtual(story: Callable[[], Awaitable[T]]) -> T:
    """Run on a clock that jumps."""
    return trio.run(story, clock=MockClock(autojump_threshold=0))


async def halt_during(rollout: Rollout, work: Callable[[], Awaitable[object]], *, after: float) -> None:
    """Do the work of a rollout that halts after so many seconds."""

    async def do() -> None:
        with rollout.halting.work:
            await work()

    async with anyio.create_task_group() as group:
        group.start_soon(do)
        await anyio.sleep(after)
        rollout.halting.halt(Halted(kind=HaltKind.CANCELLED, message="cancelled"))


def seen(state: str = "started", **changes: Any) -> Machine:
    """One observation."""
    values: dict[str, Any] = {
        "id": ID,
        "name": "m",
        "version": Version("new"),
        "state": state,
        "region": Region("ams"),
        "config": {"image": "shop:v2", "metadata": {"flightplan_plan": "p"}},
        "image_digest": None,
    }
    return Machine(**values | changes)


def exited(code: int = 1, **changes: Any) -> ExitEvent:
    values: dict[str, Any] = {
        "exit_code": code,
        "requested_stop": False,
        "restarting": False,
        "restart_count": 0,
        "oom_killed": False,
        "timestamp": 1000,
    }
    return ExitEvent(**values | changes)


def rows(*statuses: str) -> tuple[CheckStatus, ...]:
    return tuple(CheckStatus(name=f"c{index}", status=status) for index, status in enumerate(statuses))


LOOKS_ONLY = "a gate looks and waits, and does nothing else"


@dataclass(slots=True, kw_only=True)
class Strange:
    """`timeline` says what is seen from which second on; None is 404. `waits`: at once, never, or 503."""

    timeline: list[tuple[float, Machine | None]]
    waits: str = "never"
    silent: tuple[float, float] = (0.0, 0.0)
    """From and until which second nothing answers."""
    calls: list[str] = field(default_factory=list)
    begun: float = -1.0
    woken: list[tuple[float, Machine | None]] = field(default_factory=list)
    """The timeline from when somebody starts it again, its seconds counted from then."""

    def now(self) -> float:
        if self.begun < 0:
            self.begun = anyio.current_time()
        return anyio.current_time() - self.begun

    def _answer(self, call: str) -> float:
        now = self.now()
        self.calls.append(call)
        if self.silent[0] <= now < self.silent[1]:
            raise Unavailable("HTTP 503")
        return now

    async def wake(self) -> None:
        """The caller of a gate starts the machine again."""
        now = self._answer("wake")
        self.timeline = [(-1.0, self.timeline[0][1]), *((now + since, state) for since, state in self.woken)]

    async def get(self, machine: MachineId) -> Machine:
        now = self._answer("get")
        found = [state for since, state in self.timeline if since <= now][-1]
        if found is None:
            raise MachineGone(f"machine {machine} not found")
        return found

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        del machine, version
        self._answer("wait")
        if self.waits == "at once":
            return states[0]
        await anyio.sleep(timeout)
        return None

    def drop_waiting(self) -> None:
        """Nothing waits here."""

    async def observe(self) -> Fleet:
        raise AssertionError(LOOKS_ONLY)

    async def list_machines(self) -> tuple[Machine, ...]:
        raise AssertionError(LOOKS_ONLY)

    async def lease_of(self, machine: MachineId) -> HeldLease | None:
        raise AssertionError(LOOKS_ONLY)

    async def list_volumes(self) -> tuple[Volume, ...]:
        self._answer("list_volumes")
        return ()

    async def create_volume(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        raise AssertionError("no volume is made here")

    async def extend_volume(self, volume: VolumeId, *, size_gb: int) -> bool:
        raise AssertionError("no volume grows here")

    async def list_snapshots(self, volume: VolumeId) -> frozenset[str]:
        raise AssertionError(LOOKS_ONLY)

    async def take_snapshot(self, volume: VolumeId, *, known: Collection[str]) -> str | None:
        raise AssertionError("no snapshot is taken here")

    async def list_addresses(self) -> tuple[Address, ...] | None:
        self._answer("list_addresses")
        return ()

    async def allocate_address(self, kind: AddressKind) -> Address:
        raise AssertionError("no address is allocated here")

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def find(self, *, name: str) -> Machine | None:
        raise AssertionError(LOOKS_ONLY)

    async def create(
        self,
        *,
        name: str,
        region: Region,
        config: Mapping[str, Json],
        skip_launch: bool,
        lease_ttl: int | None,
        routed: bool = True,
        adopts: bool = True,
    ) -> Machine:
        raise AssertionError(LOOKS_ONLY)

    async def update(
        self,
        machine: MachineId,
        *,
        config: Mapping[str, Json],
        region: Region,
        expects: Version,
        nonce: Nonce | None,
        skip_launch: bool,
        routed: bool = True,
    ) -> Machine:
        raise AssertionError(LOOKS_ONLY)

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        raise AssertionError(LOOKS_ONLY)

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        raise AssertionError(LOOKS_ONLY)

    async def refresh_lease(self, lease: Lease, *, ttl: int) -> float | None:
        raise AssertionError(LOOKS_ONLY)

    async def release_lease(self, lease: Lease) -> None:
        raise AssertionError(LOOKS_ONLY)


@dataclass(slots=True, kw_only=True)
class Lessor(Strange):
    """Leases only. `slow` seconds before each kind of call is answered, by machine; `refuses` raises."""

    timeline: list[tuple[float, Machine | None]] = field(default_factory=list)
    slow: Mapping[tuple[str, str], float] = field(default_factory=dict)
    refuses: dict[tuple[str, str], FleetError] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    grants: float = 600.0
    """Seconds that a lease lasts at most."""

    async def _do(self, call: str, machine: MachineId) -> None:
        self.calls.append(f"{call} {machine} {self.now():.0f}")
        if call == "acquire":
            self.held.add(machine)
        await anyio.sleep(self.slow.get((call, machine), 0.0))
        error = self.refuses.get((call, machine))
        if error is not None:
            raise error
        if call == "release":
            self.held.discard(machine)

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        await self._do("acquire", machine)
        return Lease(machine=machine, nonce=Nonce(f"n-{machine}"), version=None, lasts=min(ttl, self.grants))

    async def refresh_lease(self, lease: Lease, *, ttl: int) -> float | None:
        await self._do("refresh", lease.machine)
        return min(ttl, self.grants)

    async def release_lease(self, lease: Lease) -> None:
        await self._do("release", lease.machine)


@dataclass(slots=True, kw_only=True)
class Door(Lessor):
    """One lock fits in. `theirs` is in it until second `there`, leased until `leased`; `hangs`: a destroy is answered so late."""

    theirs: Machine | None = None
    there: float = EVER
    leased: float = 0.0
    leases_with_create: bool = True
    hangs: float = 0.0
    refuses_destroy: FleetError | None = None
    config: Mapping[str, Json] | None = None
    region: Region | None = None

    def _stands(self) -> bool:
        return self.theirs is not None and self.now() < self.there

    async def find(self, *, name: str) -> Machine | None:
        return self.theirs if name == NAME and self._stands() else None

    async def create(
        self,
        *,
        name: str,
        region: Region,
        config: Mapping[str, Json],
        skip_launch: bool,
        lease_ttl: int | None,
        routed: bool = True,
        adopts: bool = True,
    ) -> Machine:
        assert (name, skip_launch, routed, lease_ttl is not None) == (NAME, True, True, True)
        self.calls.append(f"create {self.now():.0f}")
        if self._stands():
            raise VersionConflict("the name is taken")
        self.config, self.region = config, region
        return seen("created", id=OURS, nonce=Nonce("n-ours") if self.leases_with_create else None)

    async def _do(self, call: str, machine: MachineId) -> None:
        if self.theirs is not None and machine == self.theirs.id:
            if not self._stands():
                raise MachineGone("404")
            if self.now() < self.leased:
                raise LeaseHeld("held", holder="ann")
        await Lessor._do(self, call, machine)

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        assert nonce is not None
        self.calls.append(f"destroy {machine}")
        await anyio.sleep(self.hangs)
        if self.refuses_destroy is not None:
            raise self.refuses_destroy


def at(*points: tuple[float, Machine | None], **changes: Any) -> Strange:
    return Strange(timeline=list(points), **changes)
