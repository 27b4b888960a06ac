"""How a rollout ended, machine by machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from entrypoint.fleet.model import AddressKind
from entrypoint.kernel.ids import GroupName, MachineId, Region, VolumeId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Step


class StepStatus(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Never begun, because something before it failed or the run was cancelled."""
    UNKNOWN = "unknown"
    """Begun and then cancelled. Its request may or may not have been executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """The result of one step. `why` explains a failure or skip. `seconds`: its duration. `began`: seconds after the rollout began."""

    step: Step
    wave: int
    machine: MachineId | None
    """The machine that was changed or created; None for a create that was never begun."""
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
    """A machine did not pass its gate, or was no longer healthy afterwards."""
    UNPROVEN = "unproven"
    """Every gate had passed, but afterwards a machine that was written was not as planned."""
    UNVERIFIED = "unverified"
    """Every gate had passed, but the URL of [verify] did not answer as it should."""
    REFUSED = "refused"
    """Fly refused a request, or did not answer it after all retries."""
    CANCELLED = "cancelled"
    """SIGINT or SIGTERM: nothing new was begun and nothing rolled back. A re-run continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halted:
    """The first failure. `detail`: what the machine or Fly reported (foreign text). `hint`: what to do."""

    kind: HaltKind
    message: str
    detail: tuple[str, ...] = ()
    hint: str = ""
    group: GroupName | None = None
    machine: MachineId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseResult:
    """The result of the release command."""

    command: str
    exit_code: int | None
    """None: it did not end in time, or it ended (`ended`) and Fly does not tell its code."""
    seconds: float
    ended: bool = True
    machine: MachineId | None = None
    adopted: bool = False
    """An interrupted run had started it. This run waited for it and did not run it again."""
    began: float = 0.0
    """Seconds after the rollout began."""
    oom_killed: bool = False
    """It was killed because its machine was out of memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVolume:
    """A volume that was created for a new machine. It is kept, even if its machine was destroyed again."""

    id: VolumeId
    name: str
    region: Region
    size_gb: int
    group: GroupName
    found: bool
    """It was found instead: an interrupted run, or somebody, had created it since the plan."""


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
    """An address of a first deploy. `why`: the reason if it could not be allocated; then `ip` is empty."""

    kind: AddressKind
    ip: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """One machine of a rollback. `restored`: it is as recorded. `why`: how it differs, or why it is not healthy although restored."""

    machine: MachineId
    group: GroupName
    region: Region
    action: str
    """restored, destroyed (if this rollout created it), stopped again, in routing again."""
    restored: bool
    healthy: bool = True
    """False if it is as recorded, but does not pass its gate."""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The fleet afterwards, compared with the plan. `verified` of `expected` machines are as planned. `silent`: others, which were left as
    they are, and whose hosts do not answer.
    """

    verified: int
    expected: int
    problems: tuple[str, ...]
    """One sentence for each machine that is not as planned, or not in the plan. Has foreign text."""
    rows: tuple[ProofRow, ...] = ()
    silent: tuple[MachineId, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether a machine that this rollout wrote is not as planned. Changes of others are only reported, not undone."""
        return any(row.written for row in self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """A machine that is not as planned: what it was before, is now, and should be."""

    machine: MachineId
    group: GroupName
    region: Region
    was: str
    now: str
    should: str
    written: bool
    """Whether this rollout wrote it, or should have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of [verify]. `why`: what was wrong; empty if nothing."""

    url: str | None
    asked: int
    """The number of requests."""
    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a rollout. `halted`: None exactly if every step is done. `proof`: None if the rollout did not come so far."""

    plan: Plan
    results: tuple[StepResult, ...]
    release: ReleaseResult | None
    halted: Halted | None
    rolled_back: tuple[RolledBack, ...]
    proof: Proof | None
    leases_left: int
    lease_ttl: int
    """Seconds after which those have expired."""
    lowest_running: tuple[tuple[GroupName, int, int], ...]
    """For each updated group: the lowest number of running machines, and the number before."""
    seconds: float
    release_version: int | None = None
    verified: Verified | None = None
    """None without [verify], or if the rollout did not come so far."""
    is_forward: bool = False
    """A stage had begun that cannot be undone."""
    volumes: tuple[MadeVolume, ...] = ()
    snapshots: tuple[TakenSnapshot, ...] = ()
    grown: tuple[GrownVolume, ...] = ()
    addresses: tuple[GivenAddress, ...] = ()

    @property
    def is_rolled_back(self) -> bool:
        """Whether every changed machine is as recorded, and healthy."""
        return bool(self.rolled_back) and all(item.restored and item.healthy for item in self.rolled_back)

    @property
    def succeeded(self) -> bool:
        """Whether every step is done, and the fleet is as planned."""
        return self.halted is None and (self.proof is None or not self.proof.problems)
