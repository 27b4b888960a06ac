"""What the parts of one rollout share while it runs: the job and the state."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.ids import Digest, MachineId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, machine_of
from entrypoint.rollout.capacity import Capacity
from entrypoint.rollout.halting import Halting
from entrypoint.rollout.leases import Leases, choose_ttl
from entrypoint.rollout.ledger import Ledger
from entrypoint.rollout.looks import Looks
from entrypoint.rollout.outcome import GivenAddress, ReleaseResult
from entrypoint.rollout.ports import Machines, Release
from entrypoint.rollout.progress import Progress
from entrypoint.rollout.volume_account import VolumeAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The task of a rollout. `begun`: when it began, in seconds of the event loop's clock."""

    plan: Plan
    begun: float
    marks: RunMarks | None = None
    """The marks for every machine that is written, with the commit and key of the run; None on a laptop."""

    @property
    def digest(self) -> Digest:
        return self.plan.digests.plan

    @property
    def description(self) -> str:
        """The description of our leases."""
        return f"flightplan {self.digest[:12]}"


@dataclass(slots=True, kw_only=True)
class Releasing:
    """The release: its record at Fly, and the release command."""

    row: Release | None = None
    running_on: MachineId | None = None
    """The machine on which the release command runs now, or is asked to."""
    mark: str | None = None
    """The mark of the release command, once it has succeeded (rollout/release_mark.py)."""
    result: ReleaseResult | None = None
    seen: Machine | None = None
    """The release machine of a killed run, if it ended while this run waited for the killed run's leases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """A rollout that is running."""

    job: Job
    machines: Machines
    progress: Progress
    looks: Looks
    leases: Leases
    capacity: Capacity
    halting: Halting
    ledger: Ledger = field(default_factory=Ledger)
    release: Releasing = field(default_factory=Releasing)
    volumes: VolumeAccount = field(default_factory=VolumeAccount)
    addresses: list[GivenAddress] = field(default_factory=list)

    @property
    def plan(self) -> Plan:
        return self.job.plan


def begin(
    plan: Plan,
    *,
    machines: Machines,
    progress: Progress,
    marks: RunMarks | None = None,
) -> Rollout:
    """A new rollout, with nothing done."""
    return Rollout(
        job=Job(plan=plan, begun=anyio.current_time(), marks=marks),
        machines=machines,
        progress=progress,
        looks=Looks(machines),
        leases=Leases(machines, ttl=choose_ttl(_count_machines(plan))),
        capacity=Capacity.before(plan.groups),
        halting=Halting(drop_waiting=machines.drop_waiting),
    )


def _count_machines(plan: Plan) -> int:
    """The machines that it changes, creates or destroys."""
    steps = [step for _, step in plan.steps()]
    live = {machine.id for step in steps if (machine := machine_of(step)) is not None}
    return len(live) + sum(isinstance(step, Create) for step in steps)
