"""The Machines API of one app: implements rollout.ports.Machines and modes.ports.Preflight over httpx. Each job has a file of its own.

Writes are executed exactly once, even if answers are lost: after an unclear answer the client reads before it repeats.
Modules that only a rollout needs are imported when they are first used, so that they do not delay a plan's first request.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

import httpx

from entrypoint.adapters.machines.connections import Connections
from entrypoint.adapters.machines.preflight.client import PreflightClient
from entrypoint.adapters.machines.reads import Reads
from entrypoint.adapters.tokens import authorization

if TYPE_CHECKING:
    from entrypoint.adapters.machines.addresses import Addresses
    from entrypoint.adapters.machines.labels import Labels
    from entrypoint.adapters.machines.leases import LeaseCalls
    from entrypoint.adapters.machines.power import Power
    from entrypoint.adapters.machines.snapshots import Snapshots
    from entrypoint.adapters.machines.volumes import Volumes
    from entrypoint.adapters.machines.waits import Waits
    from entrypoint.adapters.machines.writes import Writes
    from entrypoint.fleet.model import Address, AddressKind, Fleet, HeldLease, Machine, Volume
    from entrypoint.kernel.ids import AppName, MachineId, Nonce, Region, Version, VolumeId
    from entrypoint.kernel.json import Json
    from entrypoint.kernel.secrets import Secret
    from entrypoint.planning.model.steps import NewVolume
    from entrypoint.rollout.ports import Lease


class MachinesClient:
    """Use it as an async context manager. `transport` replaces the network in tests. Raises UsageError for a bad token."""

    def __init__(
        self, *, app: AppName, base_url: str, token: Secret, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._connections = Connections(base_url=base_url, token=token, transport=transport)
        self._reads = Reads(self._connections.requests, app=app)
        self.preflight = PreflightClient(
            self._connections.requests, app=app, root=self._reads.root, header=authorization(token)
        )
        """Implements modes.ports.Preflight."""

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.__aexit__(kind, error, trace)

    def drop_waiting(self) -> None:
        """Drop the changes that wait for their turn under the rate limits."""
        self._connections.requests.drop_waiting()

    async def observe(self) -> Fleet:
        """App, machines and volumes, read side by side."""
        return await self._reads.observe()

    async def list_machines(self) -> tuple[Machine, ...]:
        """The machines only, all pages."""
        return await self._reads.list_machines()

    async def get(self, machine: MachineId) -> Machine:
        """One machine now. If it was just created, this waits a moment until it is found."""
        return await self._reads.get(machine)

    async def find(self, *, name: str) -> Machine | None:
        """The machine of this name, even if destroyed, as long as the API shows it."""
        return await self._reads.find(name=name)

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
        """Create `name`, or return the machine that an earlier attempt created under this name."""
        return await self._writes.create(
            name=name,
            region=region,
            config=config,
            skip_launch=skip_launch,
            lease_ttl=lease_ttl,
            routed=routed,
            adopts=adopts,
        )

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
        """Replace the config if the version is still `expects`."""
        return await self._writes.update(
            machine,
            config=config,
            region=region,
            expects=expects,
            nonce=nonce,
            skip_launch=skip_launch,
            routed=routed,
        )

    async def list_volumes(self) -> tuple[Volume, ...]:
        """The volumes only, all pages."""
        return await self._volumes.list_all()

    async def create_volume(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        """Create one, or return the volume that an earlier attempt created."""
        return await self._volumes.create(wanted, known=known)

    async def extend_volume(self, volume: VolumeId, *, size_gb: int) -> bool:
        """Make it larger."""
        return await self._volumes.extend(volume, size_gb=size_gb)

    async def list_snapshots(self, volume: VolumeId) -> frozenset[str]:
        """The ids of a volume's snapshots."""
        return await self._snapshots.list_ids(volume)

    async def take_snapshot(self, volume: VolumeId, *, known: Collection[str]) -> str | None:
        """Take one and wait until it is done."""
        return await self._snapshots.take(volume, known=known)

    async def list_addresses(self) -> tuple[Address, ...] | None:
        """The app's addresses."""
        return await self._addresses.list_all()

    async def allocate_address(self, kind: AddressKind) -> Address:
        """Allocate one."""
        return await self._addresses.allocate(kind)

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        """Set one key of a machine's metadata. Makes no new version, and needs no lease."""
        await self._labels.set_metadata(machine, key=key, value=value)

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        """Remove one key."""
        await self._labels.delete_metadata(machine, key=key)

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Cordon; idempotent."""
        await self._power.cordon(machine, nonce=nonce)

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Uncordon; idempotent."""
        await self._power.uncordon(machine, nonce=nonce)

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        """Start; repeated as long as the machine changes its state."""
        await self._power.start(before, nonce=nonce)

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Stop; idempotent."""
        await self._power.stop(machine, nonce=nonce)

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Destroy by force; idempotent."""
        await self._power.destroy(machine, nonce=nonce)

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        """One long poll of at most 60 s. None: no state was reached."""
        return await self._waits.wait(machine, version=version, states=states, timeout=timeout)

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        """Take it, waiting up to `patience` seconds for another holder."""
        return await self._leases.acquire(machine, ttl=ttl, description=description, patience=patience)

    async def refresh_lease(self, lease: Lease, *, ttl: int) -> float | None:
        """Hold it `ttl` seconds from now on."""
        return await self._leases.refresh(lease, ttl=ttl)

    async def lease_of(self, machine: MachineId) -> HeldLease | None:
        """The lease on a machine now."""
        return await self._leases.look(machine)

    async def release_lease(self, lease: Lease) -> None:
        """Give it back; idempotent."""
        await self._leases.release(lease)

    @cached_property
    def _leases(self) -> LeaseCalls:
        from entrypoint.adapters.machines.leases import LeaseCalls

        return LeaseCalls(self._connections.leases, reads=self._reads)

    @cached_property
    def _writes(self) -> Writes:
        from entrypoint.adapters.machines.writes import Writes

        return Writes(self._connections.requests, reads=self._reads, leases=self._leases)

    @cached_property
    def _power(self) -> Power:
        from entrypoint.adapters.machines.power import Power

        return Power(self._connections.requests, reads=self._reads)

    @cached_property
    def _labels(self) -> Labels:
        from entrypoint.adapters.machines.labels import Labels

        return Labels(self._connections.requests, reads=self._reads)

    @cached_property
    def _addresses(self) -> Addresses:
        from entrypoint.adapters.machines.addresses import Addresses

        return Addresses(self._connections.requests, reads=self._reads)

    @cached_property
    def _snapshots(self) -> Snapshots:
        from entrypoint.adapters.machines.snapshots import Snapshots

        return Snapshots(self._connections.requests, reads=self._reads)

    @cached_property
    def _volumes(self) -> Volumes:
        from entrypoint.adapters.machines.volumes import Volumes

        return Volumes(self._connections.requests, reads=self._reads)

    @cached_property
    def _waits(self) -> Waits:
        from entrypoint.adapters.machines.waits import Waits

        return Waits(self._connections.waits, reads=self._reads)
