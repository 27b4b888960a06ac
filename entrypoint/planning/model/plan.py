"""The plan. Planning makes it; report, approval and rollout use it.

    Plan ── release (ReleaseRun | None)
      ├── stages ── lanes, side by side, one for each group ── waves, one after the other ── steps, side by side
      ├── groups: the same steps, counted per region, for people
      └── digests, findings, blockers

A step holds the whole request (docs/architecture.md, The plan). What is not known while planning is typed: the id of the machine in
`Create.standby_for`, the plan's own digest and the release's id. rollout/bodies.py fills them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from entrypoint.fleet.model import AddressKind, Machine
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName, Digest, GroupName, Region, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.kernel.run import AllowDestroy, OnFailure
from entrypoint.kernel.strategy import Strategy
from entrypoint.kernel.verify import Verify
from entrypoint.planning.model.cost import Cost
from entrypoint.planning.model.forecast import Forecast
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.preflight import Preflight
from entrypoint.planning.model.steps import HealthGate, Step, is_done, machine_of

ABSENT = "absent"
"""The count of a group that fly.toml does not name any more."""

Count: TypeAlias = "int | Mapping[str, int] | str | None"
"""The count that was asked for: a number, numbers by region, None (as many as live), or ABSENT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A machine that is not changed, and why."""

    group: GroupName
    machine: Machine
    reason: str


class BootWatch(StrEnum):
    """What the next wave does while machines without checks are watched for `BOOT_SECONDS`."""

    HOLDS = "holds the next wave"
    BESIDE = "beside the next wave"
    """It begins. A machine that crashes during the watch still ends the rollout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Steps done side by side. `number` counts over the whole plan, from 1; the lanes of a stage share numbers.

    The next wave always waits for the checks of this one, and for its boot watch if that `HOLDS`.
    """

    number: int
    steps: tuple[Step, ...]
    boot_watch: BootWatch


class FirstProof(StrEnum):
    """Which machine shows that the new version runs, before many machines get it."""

    FIRST_RUNNING = "the first machine that runs when its wave begins"
    """As long as no machine of the lane has passed, only one running machine of a wave is updated, together with the stopped ones. The
    others wait for it and its boot watch. The rollout chooses it, because the platform may start and stop machines after planning.
    """
    NOBODY = "nobody"
    """Strategy immediate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The waves of one group, one after the other."""

    group: GroupName
    waves: tuple[Wave, ...]
    first_proof: FirstProof


class LockKind(StrEnum):
    """What keeps two rollouts of one app apart."""

    MACHINE = "machine"
    """A machine with the lock's name. Used with a release command, and if no machine is leased for the whole rollout."""
    LEASES = "leases"
    """The leases on the machines that it writes, taken in the order of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Lanes that run side by side. The next stage begins when all have passed.

    `forward`: once it has begun, nothing is rolled back. A step that fails does not stop the others; the report names what is left to do.
    `asks`: after all lanes, the request to the app (`verify`) is made here instead of at the end, because the next stage cannot be
    undone.
    """

    lanes: tuple[Lane, ...]
    forward: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRun:
    """`[deploy].release_command`: runs once, on a machine of its own, before any machine is changed."""

    command: str
    config: Mapping[str, Json]
    region: Region
    timeout: float | None
    """Seconds; None: no limit (`release_command_timeout = "0s"`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happens to a group in a region: numbers of machines. `now` and `after` include standbys."""

    create: int = 0
    update: int = 0
    replace: int = 0
    destroy: int = 0
    keep: int = 0
    start: int = 0
    swap: int = 0
    """Replaced by a new machine with strategy bluegreen."""
    remove: int = 0
    """Destroyed, because an interrupted deploy left them over."""
    canary: int = 0
    """Created in addition, and destroyed before the others get the new version."""
    route: int = 0
    """Uncordoned, because an interrupted deploy had cordoned them."""
    now: int = 0
    after: int = 0
    new_standbys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """One group, for people. Each live machine is in exactly one of its updates, starts, destroys and `kept`."""

    name: GroupName
    is_new: bool
    is_gone: bool
    regions: tuple[tuple[Region, Counts], ...]
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]
    gate: str
    """What counts as healthy, in words: "http /up", "boot"."""
    running: int
    """How many of its machines run now, or are started and stopped by the proxy."""
    width: int
    """How many of them are updated at once, after the first."""
    volumes: tuple[str, ...]
    """Names of the volumes its machines use."""
    is_down: bool
    """It has machines, but none of them runs or will run."""

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Its live machines, each once."""
        touched = (machine for step in self.steps if (machine := machine_of(step)) is not None)
        each = {machine.id: machine for machine in (*touched, *(kept.machine for kept in self.kept))}
        return tuple(each.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRow:
    """The volumes of one name in one region. Each id is in exactly one of the fields. An empty region: Fly chooses."""

    name: str
    region: Region
    attached: tuple[VolumeId, ...]
    """Attached to a machine, before and after."""
    attach: tuple[VolumeId, ...]
    """Free, and given to a new machine."""
    create: int
    """How many are created, one for each new machine."""
    left: tuple[VolumeId, ...]
    """Their machines are destroyed. They are kept, attached to nothing."""
    unused: tuple[VolumeId, ...]
    """Attached to nothing, before and after."""
    groups: tuple[GroupName, ...]
    """The groups whose machines use them, or will."""
    sizes: tuple[tuple[VolumeId, int], ...] = ()
    """The size of each, in GB."""

    @property
    def moves(self) -> bool:
        """Whether the plan changes anything here."""
        return bool(self.attach or self.create or self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot to take before anything is changed (policy `snapshot = true`)."""

    group: GroupName
    volume: VolumeId


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A volume to make larger (policy `volume_size`).

    `machine`: has the volume; None if a new machine of the plan gets it. `restarts`: the machine runs, and no step of the plan restarts
    it; so the rollout does, if the API asks for it. `gate`: must hold after that restart.
    """

    group: GroupName
    volume: VolumeId
    machine: Machine | None
    size_gb: int
    was_gb: int
    restarts: bool
    gate: HealthGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What a review binds (docs/gate.md). SHA-256 over canonical JSON."""

    intent: Digest
    base: Digest
    plan: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Short hashes of the intent's parts, by name. They tell people which part differs; no decision depends on them."""

    intent: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that will happen to an app, complete."""

    app: AppName
    image: Image
    live_images: tuple[str, ...]
    """Images the fleet runs now, most used first."""
    strategy: Strategy
    on_failure: OnFailure
    release: ReleaseRun | None
    lock: LockKind
    stages: tuple[Stage, ...]
    groups: tuple[GroupPlan, ...]
    digests: Digests
    traits: Traits
    base: Mapping[str, str]
    """The base: a fingerprint of each machine, by id."""
    findings: tuple[Finding, ...]
    """What a reviewer should know before the merge."""
    blockers: tuple[Finding, ...]
    """Why the plan cannot be executed; empty if it can."""
    resumes: bool
    """An interrupted run of this plan has done a part of it."""
    definition: Mapping[str, Json]
    """fly.toml as JSON, for the release record."""
    counts: Mapping[str, Count]
    """Of every group, removed ones included."""
    leaves_out: bool
    """The inputs `groups` or `regions` leave out machines that have something to do."""
    verify: Verify | None
    """What the app must answer at the end."""
    allow_destroy: AllowDestroy
    """The consent that this plan was made with."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """How the plan is rolled out, and each group's policy: the part of the intent that is in no machine's config."""
    note: str = ""
    """`[comment] note` of flightplan.toml. Foreign text."""
    volumes: tuple[VolumeRow, ...] = ()
    cost: Cost | None = None
    snapshots: tuple[Snapshot, ...] = ()
    growths: tuple[Growth, ...] = ()
    addresses: tuple[AddressKind, ...] = ()
    """What a first deploy allocates, unless the app has addresses by then."""
    forecast: Forecast | None = None
    preflight: Preflight | None = None
    """What may stop the deploy; None if Fly was not asked."""

    def steps(self) -> Iterator[tuple[int, Step]]:
        """Every step with its wave's number, in order."""
        for stage in self.stages:
            for lane in stage.lanes:
                for wave in lane.waves:
                    for step in wave.steps:
                        yield wave.number, step

    @property
    def asks_between(self) -> bool:
        """Whether the request to the app is made before the last stage, not after it."""
        return any(stage.asks for stage in self.stages)

    @property
    def has_changes(self) -> bool:
        """Whether a deploy would change any machine or volume. A release command alone does not count."""
        return bool(self.growths) or any(not is_done(step) for _, step in self.steps())
