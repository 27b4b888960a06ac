"""What may stop a deploy, and secrets that go live with it. For people only: no part of a digest or record. None means unknown."""

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
    """Somebody holds the lease of a machine that the plan writes. `owner` and `description` are foreign text."""

    group: GroupName
    machine: MachineId
    owner: str
    description: str
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Machines that the plan creates (`wanted`), and for how many of them Fly has capacity now (`room`)."""

    groups: tuple[GroupName, ...]
    region: Region
    size: str
    volume_name: str
    wanted: int
    room: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """Everything that was found for a plan."""

    secrets: tuple[StagedSecrets, ...] | None
    leases: tuple[MachineLease, ...] | None
    room: tuple[Room, ...]
    token: TokenRights | None
