"""What is done to one machine: the whole request, why, and the gate that must hold after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, assert_never

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
class MachineTest:
    """A machine check of fly.toml: a machine that runs one command against the tested machine and goes; exit code 0 passes.

    `config` lacks what is known only then: the tested machine's private address, FLY_TEST_MACHINE_IP. `label` is for people.
    """

    label: str
    config: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthGate:
    """`checks` are the distinct names under which the platform reports what is configured; `label` is for people ("http /up").
    `timeout` in seconds, for each of coming up, becoming healthy, and each of `tests`, which are run when it is healthy."""

    kind: GateKind
    checks: tuple[str, ...] = ()
    label: str = ""
    timeout: float
    tests: tuple[MachineTest, ...] = ()


class LeaseSpan(StrEnum):
    """How long a step's machine is leased."""

    NONE = "none"
    """Not at all: its host does not answer, so nobody can lease it (machines-api §9)."""
    ROLLOUT = "rollout"
    """From before the first write to the last gate."""
    WAVE = "wave"
    """For its own step only: the proxy may have to start it meanwhile, and cannot start a leased machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVolume:
    """A volume that is made for a machine, just before it. An empty `region` leaves it to Fly. None leaves a setting at Fly's default.

    `guest` and `image` are the machine's: hints that put the volume on a host where it fits (flyctl-deploy §1.6).
    """

    name: str
    region: Region
    size_gb: int
    snapshot_retention: int | None
    """Days."""
    auto_backup: bool | None
    guest: Mapping[str, Json]
    image: str


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
    """The free volume that it gets."""
    reason: str
    gate: HealthGate
    new_volume: NewVolume | None = None
    """The volume that is made for it, where none is free."""
    done: MachineId | None = None
    """Set where an interrupted run of this very plan has made it already."""
    replaces: MachineId | None = None
    """The machine that it is made for; a Destroy takes that one away."""
    routed: bool = True
    """False: the proxy sends it nothing before its Route."""
    skip_launch: bool = False
    """It is to stay stopped, as the machine that it is made for is."""
    rests_after: bool = False
    """It is started to test the new version, and stopped again: no machine of its group runs."""
    changes: tuple[FieldChange, ...] = ()
    """How it differs from the machine that it is made for."""
    extra: str = ""
    """What it is beside its group, the mark EXTRA: fleet.extras.CANARY, or the machine whose place it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Replace a machine's config in place. `machine` is the observation: its version is expected, its config is what a
    rollback restores.

    `as_found`: the platform starts and stops it (fleet.managed.is_proxied), so that it may have turned until the lease is held.
    Then it is left running or resting as it is found at that moment.
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
    as_found: bool
    start: bool
    """Start it afterwards if it rests (policy `start = true`)."""
    serves: bool
    """Counted in GroupPlan.running: its update costs availability."""
    reason: str
    gate: HealthGate
    """What must hold once it runs."""
    gate_if_resting: HealthGate
    """What must hold where it rests, and is not to be started."""
    undo_gate: HealthGate
    """What must hold of the config that a rollback restores, if it runs."""
    lease: LeaseSpan
    drain: bool = False
    """It is taken out of routing first, and put back once its gate has passed; a cordon of ours that it carries ends with it."""
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
    gate: HealthGate
    lease: LeaseSpan = LeaseSpan.ROLLOUT
    done: bool = False

    @property
    def region(self) -> Region:
        return self.machine.region


class Swap(StrEnum):
    """Why a strategy takes a machine away. Neither is a destruction (product.md, rule 3): no consent, no ids."""

    TAKEN_OVER = "taken over"
    """Another one was made for it, and serves."""
    LEFT_OVER = "left over"
    """An interrupted deploy made it, or had swapped it already."""


DRAIN_SECONDS = 10.0
"""Seconds from a cordon until a machine is stopped or updated, and from an uncordon until others may be cordoned: all proxies know of it
by then (flyctl deploy/strategy_bluegreen.go).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Let the proxy send requests: to the machine made in `slot`, or to a live one that an interrupted rollout cordoned.

    `gate` must hold before and after, of a live machine where it is `unproven`: an interrupted rollout made or updated it out of routing.
    `until_update`: where such a one does not pass soon, it stays out until the plan has updated it. `marked`: it carries the mark CORDON,
    which goes.
    """

    group: GroupName
    region: Region
    slot: Slot | None
    machine: Machine | None
    reason: str
    gate: HealthGate
    unproven: bool = False
    until_update: bool = False
    marked: bool = True
    lease: LeaseSpan = LeaseSpan.ROLLOUT
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cordon:
    """Let the proxy send no more requests to a machine that another has replaced. A Destroy follows."""

    group: GroupName
    machine: Machine
    reason: str
    lease: LeaseSpan = LeaseSpan.ROLLOUT
    done: bool = False

    @property
    def region(self) -> Region:
        return self.machine.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Discard:
    """Destroy the machine that this very plan makes in `slot`: it has tested the new version."""

    group: GroupName
    region: Region
    slot: Slot
    reason: str
    gate: HealthGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy:
    """Destroy a machine. Its volumes stay. `machine` is None for one an interrupted run destroyed already; `replaced`: another one was
    made for it; `swap`: a strategy takes it away; `retire`: it may serve, so it is cordoned, drained and stopped before.
    """

    group: GroupName
    region: Region
    id: MachineId
    machine: Machine | None
    before: str
    volumes: tuple[VolumeId, ...]
    reason: str
    gate: HealthGate
    lease: LeaseSpan = LeaseSpan.ROLLOUT
    replaced: bool = False
    swap: Swap | None = None
    retire: bool = False

    @property
    def done(self) -> bool:
        return self.machine is None


Step: TypeAlias = Create | Update | Start | Route | Cordon | Discard | Destroy


def is_done(step: Step) -> bool:
    """Whether an interrupted run of this plan has already taken the step."""
    match step:
        case Create():
            return step.done is not None
        case Update() | Start() | Route() | Cordon() | Destroy():
            return step.done
        case Discard():  # until its machine is gone it is ahead, and then there is none in the plan
            return False
        case _:
            assert_never(step)


def leased_throughout(step: Step) -> bool:
    """Whether the step's machine is leased from before the first write on; false for machines to be made, and for steps done."""
    match step:
        case Create() | Discard():
            return False
        case Route():
            return step.machine is not None and step.lease is LeaseSpan.ROLLOUT and not step.done
        case Update() | Start() | Cordon() | Destroy():
            return step.lease is LeaseSpan.ROLLOUT and not step.done
        case _:
            assert_never(step)


def machine_of(step: Step) -> Machine | None:
    """The live machine that a step touches; None for one that this plan makes, or that is already gone."""
    match step:
        case Create() | Discard():
            return None
        case Update() | Start() | Route() | Cordon() | Destroy():
            return step.machine
        case _:
            assert_never(step)


def gate_of(step: Step) -> HealthGate | None:
    """What must hold before the next wave; None where a step is over with its request's answer."""
    match step:
        case Create() | Start() | Route() | Discard() | Destroy():
            return step.gate
        case Update():
            return step.gate if step.launch or step.start else step.gate_if_resting
        case Cordon():
            return None
        case _:
            assert_never(step)


def tests_of(step: Step) -> tuple[MachineTest, ...]:
    """What tests the step's machine once it is healthy."""
    match step:
        case Create() | Update() | Start():
            return step.gate.tests
        case Route() | Cordon() | Discard() | Destroy():
            return ()
        case _:
            assert_never(step)
