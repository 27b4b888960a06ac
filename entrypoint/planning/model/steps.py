"""What is done to one machine: the whole request, why, and the gate that must hold after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import GroupName, MachineId, Region, VolumeId
from entrypoint.kernel.json import Json


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One differing leaf of a machine's config. Of a redacted one neither side is kept."""

    path: tuple[str, ...]
    kind: ChangeKind
    before: Json
    after: Json
    redacted: bool = False


class GateKind(StrEnum):
    """What must hold before the next wave."""

    CHECKS = "checks"
    """All configured checks pass."""
    BOOT = "boot"
    """No checks: the machine stays up for `BOOT_SECONDS`."""
    REST = "rest"
    """The machine was not running: the new version must settle, it is not started."""
    GONE = "gone"
    """The machine must be destroyed."""


BOOT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """`checks` counts the configured ones; `label` is for people ("http /up"). `timeout` in seconds, for each of
    coming up and becoming healthy."""

    kind: GateKind
    checks: int = 0
    label: str = ""
    timeout: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make a machine. `config` is complete but for the stamp, and the standby's `standbys` and FLY_STANDBY_FOR."""

    group: GroupName
    region: Region
    slot: Slot
    config: Mapping[str, Json]
    after: str
    """Fingerprint of what fly.toml owns in `config`: the mark AFTER."""
    standby_for: Slot | None
    volume: VolumeId | None
    reason: str
    gate: Gate
    done: MachineId | None = None
    """Set where an interrupted run of this very plan has made it already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Replace a machine's config in place. `machine` is the observation: its version is expected, its config is what a
    rollback restores.

    A machine that the platform starts and stops (fleet.managed.is_proxied) may have turned until the lease is held: then
    `launch` follows what it does at that moment.
    """

    group: GroupName
    machine: Machine
    config: Mapping[str, Json]
    before: str
    """Base fingerprint and run class, the mark BEFORE."""
    after: str
    """Fingerprint of what fly.toml owns in `config`: the mark AFTER."""
    changes: tuple[FieldChange, ...]
    image_changes: bool
    launch: bool
    """Whether the machine runs (or is to be started) after the update."""
    start: bool
    """Start it afterwards if it rests (policy `start = true`)."""
    serves: bool
    """Counted in GroupPlan.running: its update costs availability."""
    reason: str
    gate: Gate
    """What must hold once it runs; one that rests must only settle."""
    undo_gate: Gate
    """The same for the config that a rollback restores."""
    done: bool = False

    @property
    def region(self) -> Region:
        return self.machine.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a resting machine whose config stays (policy `start = true`)."""

    group: GroupName
    machine: Machine
    before: str
    reason: str
    gate: Gate
    done: bool = False

    @property
    def region(self) -> Region:
        return self.machine.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """What can only be done by a new machine. This version does not execute it: a plan that holds one is blocked."""

    group: GroupName
    machine: Machine
    before: str
    reason: str
    volumes: tuple[VolumeId, ...] = ()
    """What the old machine leaves behind."""

    @property
    def region(self) -> Region:
        return self.machine.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy:
    """Take a machine away. Its volumes stay. `machine` is None for one an interrupted run destroyed already."""

    group: GroupName
    region: Region
    id: MachineId
    machine: Machine | None
    before: str
    volumes: tuple[VolumeId, ...]
    reason: str
    gate: Gate

    @property
    def done(self) -> bool:
        return self.machine is None


Step: TypeAlias = Create | Update | Start | Replace | Destroy


def is_done(step: Step) -> bool:
    """Whether an interrupted run of this plan has already taken the step."""
    match step:
        case Create():
            return step.done is not None
        case Update() | Start() | Destroy():
            return step.done
        case Replace():
            return False


def machine_of(step: Step) -> Machine | None:
    """The live machine that a step touches; None for one yet to be made or already gone."""
    match step:
        case Create():
            return None
        case Update() | Start() | Replace() | Destroy():
            return step.machine
