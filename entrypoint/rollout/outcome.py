"""How a rollout ended, machine by machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from entrypoint.fleet.model import AddressKind
from entrypoint.kernel.ids import GroupName, MachineId, Region, VolumeId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Step


class StepStatus(StrEnum):
    """What became of a step."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Never begun, because something before it failed or the run was cancelled."""
    UNKNOWN = "unknown"
    """Begun, and cut off by cancellation: its request may or may not have been executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One step's end. `why` explains a failure or skip; `seconds` is what it took, `began` when, after the rollout began."""

    step: Step
    wave: int
    machine: MachineId | None
    """The machine touched or made; None for a create never begun."""
    status: StepStatus
    why: str = ""
    seconds: float = 0.0
    began: float = 0.0


class HaltKind(StrEnum):
    """Why a rollout stopped early."""

    RELEASE_FAILED = "release-failed"
    """The release command failed: no machine was changed."""
    DRIFT = "drift"
    """The fleet changed between the plan and the leases: no machine was changed."""
    UNHEALTHY = "unhealthy"
    """A machine did not pass its gate, or did not hold what it had shown."""
    UNPROVEN = "unproven"
    """Every gate had passed, and afterwards a machine that was written is not as planned: it is rolled back."""
    UNVERIFIED = "unverified"
    """Every gate had passed, and then the URL of [verify] did not answer as it should."""
    REFUSED = "refused"
    """Fly refused or lost a request after all retries."""
    CANCELLED = "cancelled"
    """SIGINT or SIGTERM: nothing new was begun, nothing was rolled back; a re-run goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """The first failure. `detail` holds what the machine or Fly said (foreign text), `hint` what to do."""

    kind: HaltKind
    message: str
    detail: tuple[str, ...] = ()
    hint: str = ""
    group: GroupName | None = None
    machine: MachineId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResult:
    """What became of the release command."""

    command: str
    exit_code: int | None
    """None: it did not end within its time, or ended and left no code (`ended`)."""
    seconds: float
    ended: bool = True
    machine: MachineId | None = None
    adopted: bool = False
    """An interrupted run had started it already; it was waited for, not run again."""
    began: float = 0.0
    """Seconds after the rollout began."""
    oom_killed: bool = False
    """It was killed because its machine had no more memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVolume:
    """A volume that was made for a new machine. It stays, also where its machine was taken away again."""

    id: VolumeId
    name: str
    region: Region
    size_gb: int
    group: GroupName
    found: bool
    """An interrupted run, or somebody, had made it since the plan; it was taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenSnapshot:
    """A snapshot that was taken before anything was changed. `id` is None for a volume that was never mounted: it was skipped."""

    volume: VolumeId
    group: GroupName
    id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownVolume:
    """A volume that was made larger, and the machine that was restarted for it."""

    volume: VolumeId
    group: GroupName
    size_gb: int
    restarted: MachineId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAddress:
    """An address of a first deploy. `why` it could not be had, where there is no `ip`."""

    kind: AddressKind
    ip: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """One machine the rollback handled. `restored`: it is as recorded; `why` says how it differs, or why it is not healthy although it is
    restored.
    """

    machine: MachineId
    group: GroupName
    region: Region
    action: str
    """restored, destroyed (it was made by this rollout), stopped again."""
    restored: bool
    healthy: bool = True
    """False where it is back as recorded and does not pass the gate of what was recorded."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the fleet looked like afterwards, against the plan."""

    verified: int
    expected: int
    problems: tuple[str, ...]
    """One sentence for each machine that is not as planned, or not planned at all. Foreign text inside."""
    rows: tuple[ProofRow, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a machine that this rollout wrote is not as planned. What others did meanwhile is reported, and not undone."""
        return any(row.written for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """A machine that is not where it should be: was, is, should be."""

    machine: MachineId
    group: GroupName
    region: Region
    was: str
    now: str
    should: str
    written: bool
    """Whether this rollout wrote it, or was to write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What [verify] found. `why` is empty where all was right."""

    url: str | None
    asked: int
    """How often the URL was asked."""
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The whole rollout. `halted` is None exactly when every step is done; `proof` is None where it was not reached."""

    plan: Plan
    results: tuple[StepResult, ...]
    release: ReleaseResult | None
    halted: Halted | None
    rolled_back: tuple[RolledBack, ...]
    proof: Proof | None
    leases_left: int
    lowest_running: tuple[tuple[GroupName, int, int], ...]
    """For each updated group: the fewest machines that ran at once, and how many ran before."""
    seconds: float
    release_version: int | None = None
    verified: Verified | None = None
    """None where the plan asks for nothing, or it did not come to that."""
    is_forward: bool = False
    """A stage had begun after which nothing is rolled back."""
    volumes: tuple[MadeVolume, ...] = ()
    snapshots: tuple[TakenSnapshot, ...] = ()
    grown: tuple[GrownVolume, ...] = ()
    addresses: tuple[GivenAddress, ...] = ()

    @property
    def is_rolled_back(self) -> bool:
        """Whether everything touched is back as recorded, and as healthy as what was recorded can be."""
        return bool(self.rolled_back) and all(item.restored and item.healthy for item in self.rolled_back)

    @property
    def succeeded(self) -> bool:
        """Every step done and proven."""
        return self.halted is None and (self.proof is None or not self.proof.problems)
