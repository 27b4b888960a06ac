"""What the platform remembers: apps, machines, volumes, leases. Plain data; each behaviour has a file of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Config = dict[str, Any]
"""A machine's configuration: JSON as it came, normalised by normalise.py."""

RUNNING = frozenset({"started", "starting", "restarting"})
RESTING = frozenset({"created", "stopped", "suspended", "failed"})
"""States from which a machine may be destroyed without force."""
SETTLED = frozenset({"started", "stopped", "suspended", "failed", "destroyed"})


@dataclass(slots=True, kw_only=True)
class Event:
    """One line of a machine's history. `at` is virtual seconds."""

    id: str
    type: str
    status: str
    source: str
    at: float
    request: dict[str, Any] | None = None


@dataclass(slots=True, kw_only=True)
class Version:
    """One configuration that a machine has had. `events` are filed here when the next version comes."""

    id: str
    config: Config
    events: list[Event] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Lease:
    """Who may change a machine, until `expires_at` (virtual seconds)."""

    nonce: str
    owner: str
    description: str
    expires_at: float


@dataclass(slots=True, kw_only=True)
class Check:
    """The last result of one check; `updated_at` is its last change of status."""

    name: str
    status: str
    output: str
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """An image as the platform resolved it."""

    registry: str
    repository: str
    tag: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A machine from `at` on: what waits and the traffic record look back at."""

    at: float
    state: str
    version: str
    event_id: str
    cordoned: bool
    routable: bool


@dataclass(slots=True, kw_only=True)
class Machine:
    """One machine. `version` names the newest of `versions`."""

    id: str
    app: str
    name: str
    region: str
    host: str
    private_ip: str
    created_at: float
    updated_at: float
    image: ImageRef
    image_text: str
    """config.image as it was when `image` was resolved."""
    versions: list[Version]
    state: str = "created"
    events: list[Event] = field(default_factory=list)
    """Newest first; of the present version only."""
    checks: dict[str, Check] = field(default_factory=dict)
    check_round: int = 0
    """Counts up whenever the checks begin anew: what was due in an earlier round does not happen."""
    cordoned: bool = False
    host_status: str = "ok"
    lease: Lease | None = None
    launching: bool = True
    """Whether the machine is to run once it is prepared or replaced."""
    prepared: bool = False
    """Whether its host has pulled the image: a machine that rests in `created` can be started then."""
    boots: int = 0
    """Boots of the present version."""
    restart_count: int = 0
    stopping_since: float | None = None
    active_until: float = 0.0
    """Until then a start is refused as still active."""
    secrets_version: int = 0
    """The app's secrets at the last boot."""
    moments: list[Moment] = field(default_factory=list)
    stuck: bool = False
    """Nothing happens to it by itself any more."""

    @property
    def version(self) -> str:
        return self.versions[-1].id

    @property
    def config(self) -> Config:
        return self.versions[-1].config

    @property
    def metadata(self) -> dict[str, str]:
        found: dict[str, str] = self.config.setdefault("metadata", {})
        return found

    @property
    def group(self) -> str:
        """The process group; "" where nobody wrote one."""
        return str((self.config.get("metadata") or {}).get("fly_process_group") or "")


@dataclass(slots=True, kw_only=True)
class Volume:
    """Storage on one host. `claimed_by` outlives a destroyed machine for a while."""

    id: str
    name: str
    region: str
    zone: str
    host: str
    size_gb: int
    created_at: float
    state: str = "created"
    attached_machine: str | None = None
    claimed_by: str | None = None
    host_status: str = "ok"
    encrypted: bool = True
    fstype: str = "ext4"
    snapshot_retention: int = 5
    auto_backup: bool = True
    mounted: bool = False
    """Whether a machine has ever had it: until then there is nothing to save."""
    listed_from: float = 0.0
    """When the list begins to show it."""
    snapshots: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Secret:
    """A secret of an app; its value is kept for nobody but the machine."""

    name: str
    digest: str
    value: str
    created_at: float
    updated_at: float


@dataclass(slots=True, kw_only=True)
class Release:
    """A row of `fly releases`."""

    id: str
    version: int
    status: str
    strategy: str
    image: str
    definition: Any
    created_at: float
    metadata: Any = None


@dataclass(slots=True, kw_only=True)
class Certificate:
    """A host name of an app, and whose certificates it has: `fly`, `custom`."""

    hostname: str
    created_at: float
    sources: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class App:
    """An app with everything that hangs on it."""

    name: str
    number: int
    organization: str = "acme"
    status: str = "pending"
    network: str = "default"
    created_at: float = 0.0
    machines: dict[str, Machine] = field(default_factory=dict)
    """By id; destroyed machines stay until they are forgotten."""
    volumes: dict[str, Volume] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    secrets_version: int = 0
    releases: list[Release] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    certificates: dict[str, Certificate] = field(default_factory=dict)
    machine_limit: int | None = None
    idempotency_key: str | None = None
