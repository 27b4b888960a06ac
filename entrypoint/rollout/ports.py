"""The ports of a rollout: what it needs from the outside. adapters/ implements them; mypy checks it in wiring.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # adapters load this before the first request, which needs no plan
    from entrypoint.fleet.model import Address, AddressKind, Fleet, HeldLease, Machine, Volume
    from entrypoint.kernel.ids import MachineId, Nonce, Region, Version, VolumeId
    from entrypoint.kernel.json import Json
    from entrypoint.planning.model.steps import NewVolume


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A lease that we hold. `version`: the machine's when the lease was taken. `lasts`: seconds from then on. None if the API does not say."""

    machine: MachineId
    nonce: Nonce
    version: Version | None
    lasts: float | None = None


class Machines(Protocol):
    """The Machines API of one app. Every call repeats what is safe to repeat, and raises errors of fleet/errors.py."""

    def drop_waiting(self) -> None:
        """Let no change be sent that waits for its turn under the rate limits now: it raises NotSent. Leases are not concerned."""
        ...

    async def observe(self) -> Fleet:
        """App, machines and volumes: all pages, read side by side."""
        ...

    async def list_machines(self) -> tuple[Machine, ...]:
        """All machines."""
        ...

    async def get(self, machine: MachineId) -> Machine:
        """One machine now. Raises MachineGone."""
        ...

    async def find(self, *, name: str) -> Machine | None:
        """The newest machine of that name, even if it was destroyed a moment ago."""
        ...

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
        """Create `name`, or return the machine of this name, which an earlier attempt without an answer created. `routed` False: it gets
        no requests before `uncordon`. `adopts` False: raises AlreadyMade if another call than this one has created it.
        """
        ...

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
        """Replace the whole config, if the version is still `expects`. Exactly once, even if answers are lost. `routed` False: a cordoned
        machine stays cordoned.
        """
        ...

    async def list_volumes(self) -> tuple[Volume, ...]:
        """All volumes, without those that are being destroyed."""
        ...

    async def create_volume(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        """Create a volume, exactly once: after a lost answer, the volume that is not among `known` is taken."""
        ...

    async def extend_volume(self, volume: VolumeId, *, size_gb: int) -> bool:
        """Make a volume larger. Returns whether its machine must be restarted to see that."""
        ...

    async def list_snapshots(self, volume: VolumeId) -> frozenset[str]:
        """The ids of a volume's snapshots, done or not."""
        ...

    async def take_snapshot(self, volume: VolumeId, *, known: Collection[str]) -> str | None:
        """Take one snapshot of a volume and wait until it is done. Returns its id; None for a volume that was never mounted.

        `known`: the snapshots from before; the answer does not tell which is new.
        """
        ...

    async def list_addresses(self) -> tuple[Address, ...] | None:
        """The app's addresses; None if the server does not support them."""
        ...

    async def allocate_address(self, kind: AddressKind) -> Address:
        """Allocate an address. The app must have none of this kind."""
        ...

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        """Set one key of a machine's metadata. This does not change its version, and needs no lease."""
        ...

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        """Remove one key of a machine's metadata, if it is there."""
        ...

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Let the proxy send it no requests. It keeps running, at its version. No error if it is cordoned already."""
        ...

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Let the proxy send it requests. No error if it is not cordoned."""
        ...

    async def start(self, before: Machine, *, nonce: Nonce | None) -> None:
        """Start it. No error if it runs. `before`: the machine as it was read just now, to tell whether an unanswered start was executed."""
        ...

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Stop it. No error if it is stopped."""
        ...

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Destroy it by force. No error if it is destroyed."""
        ...

    async def wait(
        self, machine: MachineId, *, version: Version | None, states: tuple[str, ...], timeout: float
    ) -> str | None:
        """The first of `states` reached within `timeout` seconds, or None. `destroyed` is also reached by a 404."""
        ...

    async def acquire_lease(
        self, machine: MachineId, *, ttl: int, description: str, patience: float
    ) -> Lease:
        """Take the lease, waiting up to `patience` seconds for another holder. Raises LeaseHeld, MachineGone."""
        ...

    async def refresh_lease(self, lease: Lease, *, ttl: int) -> float | None:
        """Hold it for `ttl` seconds from now. Returns the seconds that were granted; None if the API does not say. Raises LeaseLost."""
        ...

    async def lease_of(self, machine: MachineId) -> HeldLease | None:
        """The lease on a machine now; None if there is none, or the server does not say."""
        ...

    async def release_lease(self, lease: Lease) -> None:
        """Give it back. No error if it has expired."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A release record, as in `fly releases`: its id and number go into the metadata of every written machine."""

    id: str
    version: int


class Releases(Protocol):
    """Fly's release records (api.fly.io, undocumented). Their failure never fails a deploy."""

    async def open(self, *, image: str, strategy: str, definition: Mapping[str, Json]) -> Release | None:
        """A new record; None if the server does not answer, or refuses."""
        ...

    async def close(self, release: Release, *, status: str) -> None:
        """Set the status: running; at the end complete, failed or interrupted. Never raises if the server fails."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer of a URL. `body` is foreign and never shown; only its beginning, unless `is_whole`."""

    status: int
    body: bytes
    is_whole: bool = True


class NotAnswered(Exception):
    """A URL did not answer, or must not be requested. `why`: our text, to follow the URL. `is_final`: a retry does not help."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_final = is_final


class Probe(Protocol):
    """Requests to the app, over HTTPS, at its public address."""

    async def ask(self, url: str) -> Answer:
        """GET the URL, without credentials. Raises NotAnswered."""
        ...
