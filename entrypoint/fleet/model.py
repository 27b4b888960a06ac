"""An app as observed at one moment. adapters/machines reads it from the Machines API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from entrypoint.kernel.ids import AppName, MachineId, Nonce, Region, Version, VolumeId
from entrypoint.kernel.json import OBJECT, Json

RELEASE_GROUP = "fly_app_release_command"
CONSOLE_GROUP = "fly_app_console"
TEST_GROUP = "fly_app_test_machine_command"
RESERVED_GROUPS = frozenset({RELEASE_GROUP, CONSOLE_GROUP, TEST_GROUP})
"""Groups of the machines that flyctl creates for one command (flyctl internal/command/deploy)."""


class HostStatus(StrEnum):
    """Whether the host answers. Unless it is `ok`, the config is not known."""

    OK = "ok"
    UNKNOWN = "unknown"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckStatus:
    """One entry of a machine's `checks`. `status` is passing, warning, critical, or a word that Fly adds later."""

    name: str
    status: str
    output: str = ""
    updated_at: int | None = None
    """Milliseconds since 1970; None where the API does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldLease:
    """Somebody holds a machine's lease. Foreign text."""

    owner: str
    description: str
    seconds_left: float | None
    """Until it expires; None where the server does not tell the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitEvent:
    """The newest `exit` event of a machine's present version."""

    exit_code: int
    requested_stop: bool
    restarting: bool
    restart_count: int
    oom_killed: bool
    timestamp: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One Fly Machine. `state` is the API's own word (fleet/states.py); an unknown word is kept. No slots, because of cached_property."""

    id: MachineId
    name: str
    version: Version
    state: str
    region: Region
    config: Mapping[str, Json]
    """The whole live config. On an unreachable host: the partial `incomplete_config`."""
    image_digest: str | None
    """sha256:… as the platform resolved it; None where the API does not say."""
    checks: tuple[CheckStatus, ...] = ()
    cordoned: bool = False
    host_status: HostStatus = HostStatus.OK
    last_exit: ExitEvent | None = None
    last_start: int | None = None
    """Milliseconds since 1970 of the newest `start` event of this version."""
    boot_seconds: float | None = None
    """Seconds from the write of this version until its first start; None where the events do not tell both."""
    private_ip: str = ""
    """Its address in the organization's private network; empty where the API does not say."""
    nonce: Nonce | None = None
    """The nonce of our lease. Only in the answer to a create or update with `lease_ttl`."""

    @cached_property
    def metadata(self) -> Mapping[str, str]:
        """The config's metadata; empty where it has none."""
        found = self.config.get("metadata")
        if not isinstance(found, OBJECT):
            return {}
        return {k: v for k, v in found.items() if isinstance(v, str)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A volume that is not being destroyed."""

    id: VolumeId
    name: str
    region: Region
    size_gb: int
    attached_machine: MachineId | None
    host_status: HostStatus = HostStatus.OK


class AddressKind(StrEnum):
    """The kinds of addresses, in the API's words (`type` of an IP assignment)."""

    V4 = "v4"
    """Dedicated. It costs money."""
    V6 = "v6"
    SHARED_V4 = "shared_v4"
    PRIVATE_V6 = "private_v6"
    """Flycast: reachable only from the organization's private network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address of an app."""

    kind: AddressKind
    ip: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What GET /v1/apps/{app} says."""

    name: AppName
    status: str
    """pending (never deployed), deployed, suspended."""
    organization: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """All machines and volumes of an app. Destroyed machines are left out."""

    app: App
    machines: tuple[Machine, ...]
    volumes: tuple[Volume, ...]
    addresses: tuple[Address, ...] | None = None
    """Read only for an app that was never deployed. None: not read, or the request failed."""
