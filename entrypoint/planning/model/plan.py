"""The plan: what planning makes, and report, approval and rollout use.

    Plan ── release (ReleaseRun | None)
      ├── stages ── lanes, side by side, one a group ── waves, one after the other ── steps, side by side
      ├── groups: the same steps counted per region, for people
      └── digests, findings, blockers

A step is the whole request (docs/architecture.md, decision 3). What cannot be known yet is typed: the id of the machine in
`Create.standby_for`, the plan's own digest and the release's id, which rollout/bodies.py stamps into the metadata.
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
"""A group's count as it was asked for: a number, numbers by region, None (as live), or ABSENT."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A machine that is left alone, and why."""

    group: GroupName
    machine: Machine
    reason: str


class BootWatch(StrEnum):
    """What the next wave does while machines without checks are watched for `BOOT_SECONDS`."""

    HOLDS = "holds the next wave"
    BESIDE = "beside the next wave"
    """It begins; a machine that crashes during the watch ends the rollout nevertheless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Steps done side by side. `number` counts over the whole plan, from 1; lanes of a stage share numbers.

    The next wave always waits for checks, and for the boot watch where it `HOLDS`.
    """

    number: int
    steps: tuple[Step, ...]
    boot_watch: BootWatch


class FirstProof(StrEnum):
    """Who shows, before many machines get it, that the new version runs."""

    FIRST_RUNNING = "the first machine that runs when its wave begins"
    """As long as no machine of the lane has passed, one running machine of a wave goes alone, with those that rest, and its boot
    watch holds the others: which machines run is not the plan's where the platform starts and stops them."""
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
    """A machine of the lock's name: there is a release command, or no machine that stays leased."""
    LEASES = "leases"
    """The leases on the machines it writes, taken in the order of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Lanes that run side by side; the next stage begins when all have passed.

    `forward`: once it has begun nothing is rolled back, and a step that fails stops no other; what is left is said.
    `asks`: when all have passed, the app itself is asked (`verify`), and not once more at the end: what follows has no way back.
    """

    lanes: tuple[Lane, ...]
    forward: bool = False
    asks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRun:
    """`[deploy].release_command`: run once, on a machine of its own, before anything is touched."""

    command: str
    config: Mapping[str, Json]
    region: Region
    timeout: float | None
    """Seconds; None waits for ever (`release_command_timeout = "0s"`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What happens to a group in a region. `now` and `after` count machines, standbys among them."""

    create: int = 0
    update: int = 0
    replace: int = 0
    destroy: int = 0
    keep: int = 0
    start: int = 0
    swap: int = 0
    """Whose place a new one takes: strategy bluegreen."""
    remove: int = 0
    """Left over from an interrupted deploy."""
    canary: int = 0
    """Made beside the group, and gone before the others get the new version."""
    route: int = 0
    """Cordoned by an interrupted deploy: they get requests again."""
    now: int = 0
    after: int = 0
    new_standbys: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """One group, for people. `kept` and its updates, starts and destroys hold every machine of it exactly once."""

    name: GroupName
    is_new: bool
    is_gone: bool
    regions: tuple[tuple[Region, Counts], ...]
    steps: tuple[Step, ...]
    kept: tuple[Kept, ...]
    gate: str
    """What counts as healthy, in words: "http /up", "boot"."""
    running: int
    """Machines of the group that run now (or are started and stopped by the proxy)."""
    width: int
    """How many of them are taken at once, after the first."""
    volumes: tuple[str, ...]
    """Names of the volumes its machines use."""
    is_down: bool
    """No machine of it runs, or will run, although it has some."""

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Its live machines, each once."""
        touched = (machine for step in self.steps if (machine := machine_of(step)) is not None)
        each = {machine.id: machine for machine in (*touched, *(kept.machine for kept in self.kept))}
        return tuple(each.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRow:
    """The volumes of one name in one region, each in one place. An empty region: Fly chooses."""

    name: str
    region: Region
    attached: tuple[VolumeId, ...]
    """Some machine's, before and after."""
    attach: tuple[VolumeId, ...]
    """Free, and given to a new machine."""
    create: int
    """So many are made, one for each new machine."""
    left: tuple[VolumeId, ...]
    """Their machines go; they stay, attached to nothing."""
    unused: tuple[VolumeId, ...]
    """Attached to nothing, before and after."""
    groups: tuple[GroupName, ...]
    """Whose machines use them, or are to."""
    sizes: tuple[tuple[VolumeId, int], ...] = ()
    """GB of each."""

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
    """A volume to make larger (policy `volume_size`). `machine` has it; None where one that the plan makes gets it. `gate` must hold of
    its machine where the API asks to restart it; `restarts` is False for a machine that a step of the plan makes or restarts anyway, or
    that rests."""

    group: GroupName
    volume: VolumeId
    machine: Machine | None
    size_gb: int
    was_gb: int
    restarts: bool
    gate: HealthGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """product.md, "What reviewed means". Full SHA-256 over canonical JSON."""

    intent: Digest
    base: Digest
    plan: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What `intent` was made of, as short hashes by name: tells which part moved, for eyes only."""

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
    """The base itself: a fingerprint for each machine."""
    findings: tuple[Finding, ...]
    """Consequences worth knowing before the merge."""
    blockers: tuple[Finding, ...]
    """Why it cannot be executed; empty when it can."""
    resumes: bool
    """An interrupted run of this very plan did a part of it already."""
    definition: Mapping[str, Json]
    """fly.toml as JSON, for the release record."""
    counts: Mapping[str, Count]
    """Of every group, those that go included."""
    leaves_out: bool
    """It is of some groups or regions only, and there is something to do in others."""
    verify: Verify | None
    """What the app itself must answer in the end."""
    allow_destroy: AllowDestroy
    """The consent that this plan was made with."""
    settings: Mapping[str, Json] = field(default_factory=dict)
    """How it is rolled out and what each group's policy is: the part of the intent that is in no machine's config."""
    note: str = ""
    """`[comment] note` of flightplan.toml: the file's words, foreign text."""
    volumes: tuple[VolumeRow, ...] = ()
    cost: Cost | None = None
    snapshots: tuple[Snapshot, ...] = ()
    growths: tuple[Growth, ...] = ()
    addresses: tuple[AddressKind, ...] = ()
    """What a first deploy allocates, if the app has none by then."""
    forecast: Forecast | None = None
    preflight: Preflight | None = None
    """What may stop the deploy now; None if it was not asked for."""

    def steps(self) -> Iterator[tuple[int, Step]]:
        """Every step with its wave's number, in order."""
        for stage in self.stages:
            for lane in stage.lanes:
                for wave in lane.waves:
                    for step in wave.steps:
                        yield wave.number, step

    @property
    def asks_between(self) -> bool:
        """Whether the app is asked before the last stage, not after it."""
        return any(stage.asks for stage in self.stages)

    @property
    def has_changes(self) -> bool:
        """Whether a deploy would touch any machine or volume. A release command alone is no change."""
        return bool(self.growths) or any(not is_done(step) for _, step in self.steps())
