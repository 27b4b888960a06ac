"""What Fly said around a plan: what may stop the deploy, or goes live with it. For people: in no digest and no record.

None is "unknown" everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.fleet.preflight import TokenRights
from entrypoint.kernel.ids import GroupName, MachineId, Region


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedSecrets:
    """Secrets that were set after a running machine of the group booted. `goes_live`: the plan restarts one of these machines."""

    group: GroupName
    names: tuple[str, ...]
    goes_live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLease:
    """Somebody holds a machine that the plan writes. `owner` and `description` are foreign text."""

    group: GroupName
    machine: MachineId
    owner: str
    description: str
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Machines that the plan creates, and how many of them find a place."""

    groups: tuple[GroupName, ...]
    region: Region
    size: str
    volume_name: str
    wanted: int
    room: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """All answers."""

    secrets: tuple[StagedSecrets, ...] | None
    leases: tuple[MachineLease, ...] | None
    room: tuple[Room, ...]
    token: TokenRights | None
