"""A step: what is done to one machine. It has the whole request, its reason, and the gate that must hold after it."""

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
    """One value of a machine's config that differs. If it is redacted, neither side is kept."""

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
    """There are no checks: the machine must run for `BOOT_SECONDS`."""
    REST = "rest"
    """The machine is not started: it must reach a lasting state."""
    GONE = "gone"
    """The machine must be destroyed."""


BOOT_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineTest:
    """A machine check of fly.toml: a machine that runs one command to test another machine, and then destroys itself. Exit code 0 passes.

    `config` lacks FLY_TEST_MACHINE_IP, the private address of the tested machine, which is known only then. `label` is for people.
    """

    label: str
    config: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthGate:
    """What must hold after a step.

    `checks`: the distinct names under which the platform reports the configured checks. `label`: for people ("http /up"). `tests`: run
    once the machine is healthy. `timeout`: seconds for starting, again for becoming healthy, and again for each test.
    """

    kind: GateKind
    checks: tuple[str, ...] = ()
    label: str = ""
    timeout: float
    tests: tuple[MachineTest, ...] = ()


class LeaseSpan(StrEnum):
    """How long a step's machine is leased."""

    NONE = "none"
    """Not at all: its host does not answer, so it cannot be leased."""
    ROLLOUT = "rollout"
    """From before the first write to the last gate."""
    WAVE = "wave"
    """During its own step only: the proxy may have to start it, and cannot start a leased machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVolume:
    """A volume that is created for a new machine, just before it. An empty `region`: Fly chooses. None: Fly's default.

    `guest` and `image` are the machine's: with them Fly puts the volume on a host that has capacity for the machine.
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
    """Create a machine. `config` is complete except for the marks and, for a standby, `standbys` and FLY_STANDBY_FOR."""

    group: GroupName
    region: Region
    slot: Slot
    config: Mapping[str, Json]
    after: str
    """Fingerprint of what fly.toml sets in `config`: the mark AFTER."""
    standby_for: Slot | None
    volume: VolumeId | None
    """The free volume that it gets."""
    reason: str
    gate: HealthGate
    new_volume: NewVolume | None = None
    """The volume that is created for it, if none is free."""
    done: MachineId | None = None
    """The machine, if an interrupted run of this plan has created it."""
    replaces: MachineId | None = None
    """The machine that it replaces. A Destroy step destroys that one."""
    routed: bool = True
    """False: it gets no requests before its Route step."""
    skip_launch: bool = False
    """It is not started, because the machine that it replaces is stopped."""
    rests_after: bool = False
    """It is started to test the new version, and then stopped, because no machine of its group runs."""
    changes: tuple[FieldChange, ...] = ()
    """How its config differs from that of the machine that it replaces."""
    extra: str = ""
    """The mark EXTRA: fleet.extras.CANARY, the id of the machine that it replaces with strategy bluegreen, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Replace a machine's config in place. `machine` is as it was observed: the update expects its version, and a rollback restores its
    config.

    `as_found`: the platform starts and stops it (fleet.managed.is_proxied), so it may have changed by the time that we hold its lease.
    Then it is left running or stopped as it is found at that moment.
    """

    group: GroupName
    machine: Machine
    config: Mapping[str, Json]
    before: str
    """Base fingerprint and run class, the mark BEFORE."""
    after: str
    """Fingerprint of what fly.toml sets in `config`: the mark AFTER."""
    changes: tuple[FieldChange, ...]
    image_changes: bool
    launch: bool
    """Whether the machine runs after the update, or will be started."""
    as_found: bool
    start: bool
    """Start it afterwards if it is stopped (policy `start = true`)."""
    serves: bool
    """It is counted in GroupPlan.running, so its update reduces capacity."""
    reason: str
    gate: HealthGate
    """What must hold if it runs."""
    gate_if_resting: HealthGate
    """What must hold if it is stopped and not started."""
    undo_gate: HealthGate
    """What must hold after a rollback has restored its config, if it runs."""
    lease: LeaseSpan
    drain: bool = False
    """It is cordoned before the update, and uncordoned once its gate has passed. That also ends an earlier cordon of ours."""
    done: bool = False

    @property
    def region(self) -> Region:
        return self.machine.region


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Start a stopped machine whose config does not change (policy `start = true`)."""

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
    """Why a strategy destroys a machine. Neither needs consent, and neither counts in rule 3 (docs/gate.md)."""

    TAKEN_OVER = "taken over"
    """A new machine was created for it, and serves."""
    LEFT_OVER = "left over"
    """An interrupted deploy created it, or had swapped it already."""


DRAIN_SECONDS = 10.0
"""Seconds to wait after a cordon before the machine is stopped or updated, and after an uncordon before others are cordoned. By then all of
Fly's proxies know about it (flyctl deploy/strategy_bluegreen.go).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Uncordon a machine: the new one in `slot`, or a live one that an interrupted rollout cordoned.

    `gate` must hold before and after. For a live machine it is checked only if it is `unproven`: an interrupted rollout created or updated
    it while it was cordoned. `until_update`: if such a machine does not pass soon, it stays cordoned until the plan has updated it.
    `marked`: it has the mark CORDON, which is removed.
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
    """Cordon a machine that another has replaced. A Destroy step follows."""

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
    """Destroy the machine that this plan creates in `slot`, once it has tested the new version."""

    group: GroupName
    region: Region
    slot: Slot
    reason: str
    gate: HealthGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroy:
    """Destroy a machine. Its volumes are kept.

    `machine`: None if an interrupted run has destroyed it. `replaced`: a new machine was created for it. `swap`: a strategy destroys it.
    `retire`: it may serve requests, so it is first cordoned, drained and stopped.
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
    """Whether an interrupted run of this plan has done the step."""
    match step:
        case Create():
            return step.done is not None
        case Update() | Start() | Route() | Cordon() | Destroy():
            return step.done
        case Discard():  # once its machine is destroyed, the plan has no such step
            return False
        case _:
            assert_never(step)


def leased_throughout(step: Step) -> bool:
    """Whether the step's machine is leased before the first write. False for new machines and for steps that are done."""
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
    """The live machine that a step changes; None if this plan creates it, or it is destroyed already."""
    match step:
        case Create() | Discard():
            return None
        case Update() | Start() | Route() | Cordon() | Destroy():
            return step.machine
        case _:
            assert_never(step)


def gate_of(step: Step) -> HealthGate | None:
    """What must hold before the next wave; None for a step that is done when its request is answered."""
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
    """The tests of the step's machine, which run once it is healthy."""
    match step:
        case Create() | Update() | Start():
            return step.gate.tests
        case Route() | Cordon() | Discard() | Destroy():
            return ()
        case _:
            assert_never(step)
