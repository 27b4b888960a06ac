"""What a rollout needs from the world. adapters/ fits these shapes; wiring.py proves it to mypy."""

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
    """A lease we hold. `version` is the machine's version when it was taken, `lasts` its seconds from then on; each if the API says."""

    machine: MachineId
    nonce: Nonce
    version: Version | None
    lasts: float | None = None


class Machines(Protocol):
    """The Machines API of one app. Every call retries what is safe to retry and raises fleet.errors."""

    async def observe(self) -> Fleet:
        """App, machines and volumes, read side by side, all pages."""
        ...

    async def list_machines(self) -> tuple[Machine, ...]:
        """The machines alone."""
        ...

    async def get(self, machine: MachineId) -> Machine:
        """One machine now. Raises MachineGone."""
        ...

    async def find(self, *, name: str) -> Machine | None:
        """The machine of that name, one that was destroyed a moment ago included; the newest of several."""
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
    ) -> Machine:
        """Create `name`, or return the machine that already has this name (an earlier, ambiguous attempt). `routed` False: the proxy
        sends it nothing before `uncordon`."""
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
        """Replace the whole config if the version is still `expects`. Exactly once, whatever the network does. `routed` False: a
        cordoned machine stays cordoned."""
        ...

    async def list_volumes(self) -> tuple[Volume, ...]:
        """The volumes alone, without those on their way out."""
        ...

    async def create_volume(self, wanted: NewVolume, *, known: Collection[VolumeId]) -> Volume:
        """Create a volume, once: after an unclear answer, the one that is not among `known` is it."""
        ...

    async def extend_volume(self, volume: VolumeId, *, size_gb: int) -> bool:
        """Make a volume larger; whether its machine must be restarted to see that."""
        ...

    async def take_snapshot(self, volume: VolumeId) -> str | None:
        """Take a snapshot of a volume, once, and wait until it is done: its id; None of a volume that was never mounted."""
        ...

    async def list_addresses(self) -> tuple[Address, ...] | None:
        """The app's addresses; None where the server does not know such a thing."""
        ...

    async def allocate_address(self, kind: AddressKind) -> Address:
        """Allocate one, for an app that has none of the kind."""
        ...

    async def set_metadata(self, machine: MachineId, *, key: str, value: str) -> None:
        """Set one key of a machine's metadata. It stays at its version; no lease is needed."""
        ...

    async def delete_metadata(self, machine: MachineId, *, key: str) -> None:
        """Take one key away; fine if it is not there."""
        ...

    async def cordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """The proxy sends it nothing from now on; fine if it is so already. It runs on, at its version."""
        ...

    async def uncordon(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """The proxy may send it requests; fine if it may already."""
        ...

    async def start(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Start; fine if it runs already."""
        ...

    async def stop(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Stop; fine if it rests already."""
        ...

    async def destroy(self, machine: MachineId, *, nonce: Nonce | None) -> None:
        """Destroy by force; fine if it is gone already."""
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
        """Hold it `ttl` seconds from now on; how many it is, if the API says. Raises LeaseLost."""
        ...

    async def lease_of(self, machine: MachineId) -> HeldLease | None:
        """Who holds a machine's lease now; None where nobody does, or the server does not say."""
        ...

    async def release_lease(self, lease: Lease) -> None:
        """Give it back; fine if it is gone already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A row of `fly releases`: id and number that go into every written machine's metadata."""

    id: str
    version: int


class Releases(Protocol):
    """Fly's release records (api.fly.io, undocumented): best effort, never a reason to fail a deploy."""

    async def open(self, *, image: str, strategy: str, definition: Mapping[str, Json]) -> Release | None:
        """A new record, or None where the server does not answer or refuses."""
        ...

    async def close(self, release: Release, *, status: str) -> None:
        """status: running, and in the end complete, failed or interrupted. Never raises for the server's sake."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a URL answered. `body` is foreign, and never shown; not `is_whole`: only its beginning."""

    status: int
    body: bytes
    is_whole: bool = True


class NotAnswered(Exception):
    """A URL did not answer, or must not be asked. `why` goes on after the URL, in words of ours; `is_final`: asking again cannot help."""

    def __init__(self, why: str, *, is_final: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.is_final = is_final


class Probe(Protocol):
    """The app as anybody sees it: over HTTPS, at its public address."""

    async def ask(self, url: str) -> Answer:
        """GET the URL, without credentials. Raises NotAnswered."""
        ...
