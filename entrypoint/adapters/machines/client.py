"""The Machines API of one app: rollout.ports.Machines over httpx. Each job has its own file; here they are put together.

Writes are executed exactly once, whatever the network does: after an unclear answer the client looks before it repeats.
What only a rollout does is loaded when it is first done: a plan's first request waits for none of it.
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
        """What a plan asks beside: modes.ports.Preflight."""

    async def __aenter__(self) -> Self:
        await self._connections.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connections.__aexit__(kind, error, trace)

    async def observe(self) -> Fleet:
        """App, machines and volumes, read side by side."""
        return await self._reads.observe()

    async def list_machines(self) -> tuple[Machine, ...]:
        """The machines only, all pages."""
        return await self._reads.list_machines()

    async def get(self, machine: MachineId) -> Machine:
        """One machine now; one that was just made may take a moment to be found."""
        return await self._reads.get(machine)

    async def find(self, *, name: str) -> Machine | None:
        """By name, among destroyed machines too as long as the API shows them."""
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
    ) -> Machine:
        """Create `name`, or return what an earlier attempt made under this name."""
        return await self._writes.create(
            name=name,
            region=region,
            config=config,
            skip_launch=skip_launch,
            lease_ttl=lease_ttl,
            routed=routed,
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
        """Make one, or return what an earlier attempt made."""
        return await self._volumes.create(wanted, known=known)

    async def extend_volume(self, volume: VolumeId, *, size_gb: int) -> bool:
        """Make it larger."""
        return await self._volumes.extend(volume, size_gb=size_gb)

    async def take_snapshot(self, volume: VolumeId) -> str | None:
        """Take one and wait until it is done."""
        return await self._snapshots.take(volume)

    async def list_addresses(self) -> tuple[Address, ...] | None:
        """The app's addresses."""
        return await self._addresses.list_all()

    async def allocate_address(self, kind: AddressKind) -> Address:
        """Allocate one."""
        return await self._addresses.allocate(kind)

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        """One key of a machine's metadata; no new version, and no lease is asked for."""
        await self._labels.set_metadata(machine, key=key, value=value)

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        """Take one key away."""
        await self._labels.delete_metadata(machine, key=key)

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Out of the proxy's routing; idempotent."""
        await self._power.cordon(machine, nonce=nonce)

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Into the proxy's routing; idempotent."""
        await self._power.uncordon(machine, nonce=nonce)

    async def start(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Start; while the machine settles, ask again."""
        await self._power.start(machine, nonce=nonce)

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Stop; idempotent."""
        await self._power.stop(machine, nonce=nonce)

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Destroy by force; gone is done."""
        await self._power.destroy(machine, nonce=nonce)

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        """One long poll of at most 60 s; None is not yet."""
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
        """Who holds a machine's lease now."""
        return await self._leases.look(machine)

    async def release_lease(self, lease: Lease) -> None:
        """Give it back; gone is fine."""
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
