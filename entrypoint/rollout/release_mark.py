"""Which deploy a release command belongs to, and where its success is recorded, so that it runs once for each commit.

A commit's release command runs once, however often its job is run again. A failed one runs again. The same plan in another commit, such as a
revert of a revert, runs it again. On a laptop, without a commit, a deploy is identified by its plan and the versions of the machines. The
success is recorded at once in the metadata of one machine, and later of every machine that the rollout writes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.managed import group_name, is_managed
from entrypoint.fleet.marks import RELEASED
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import Destroy, machine_of
from entrypoint.rollout.context import Job, Rollout

TRIES = 2
"""Machines that are tried until one takes the mark."""


def release_identity(job: Job) -> str:
    """The text that records a success: commit and hash of the key; on a laptop, a hash of the plan and the versions that it was made from."""
    if job.marks is not None:
        return f"{job.marks.commit.commit} {_short(job.plan.app, job.marks.commit.key)[:12]}"
    return f"plan {_short(job.digest, *_versions(job))}"


def is_released(rollout: Rollout, identity: str) -> bool:
    """Whether the release command of this deploy has succeeded already, by the marks on the machines.

    Without a commit, a plan that resumes an interrupted run counts as released: that run changed machines only after its release command.
    """
    if any(machine.metadata.get(RELEASED) == identity for machine in rollout.ledger.found.values()):
        return True
    return rollout.job.marks is None and rollout.plan.resumes


async def record_release(rollout: Rollout, identity: str) -> None:
    """Mark one machine that is kept. A failure is only reported: every machine written from now on gets the mark, too."""
    await _record(rollout, _lasting(rollout), identity)


async def record_again(rollout: Rollout) -> None:
    """Record the success again if a rollback has destroyed every machine with the mark, as it may with strategy bluegreen.

    A failure is only reported. The only machine of a group is not marked if it has checks, because Fly may forget their state.
    """
    identity = rollout.release.mark
    if identity is None:
        return
    with suppress(FleetError):
        live = [machine for machine in await rollout.machines.list_machines() if is_managed(machine)]
        if any(machine.metadata.get(RELEASED) == identity for machine in live):
            return
        able = sorted(_able(live), key=lambda m: (not _answers(m), bool(m.checks), m.id))
        await _record(rollout, [machine.id for machine in able], identity)


async def _record(rollout: Rollout, machines: Sequence[MachineId], identity: str) -> None:
    """Mark the first of them that takes it."""
    for machine in machines[:TRIES]:
        try:
            await rollout.halting.write(
                partial(rollout.machines.set_metadata, machine, key=RELEASED, value=identity)
            )
        except FleetError as error:
            rollout.progress.say(
                "release", f"its success could not be recorded on machine {machine}: {error}"
            )
        else:
            return


def _answers(machine: Machine) -> bool:
    """Whether its host does."""
    return machine.host_status is HostStatus.OK


def _lasting(rollout: Rollout) -> list[MachineId]:
    """The machines to mark, the best first: one whose host answers, without checks, that the plan keeps.

    A metadata write may make Fly forget the state of a machine's checks; then the proxy sends it no requests until they pass again. If
    bluegreen swaps every machine, an old one has the mark until the new ones have it.
    """
    kept = {kept.machine.id for group in rollout.plan.groups for kept in group.kept}
    leaving = {step.id for _, step in rollout.plan.steps() if isinstance(step, Destroy)}
    live = [m for m in rollout.ledger.found.values() if is_managed(m)]
    stay = [m for m in live if m.id not in leaving] or _able(live)
    return [
        m.id for m in sorted(stay, key=lambda m: (not _answers(m), bool(m.checks), m.id not in kept, m.id))
    ]


def _able(live: Sequence[Machine]) -> list[Machine]:
    """The machines that may be marked: all but the only running machine of a group if it has checks."""
    running = Counter(group_name(machine) for machine in live if machine.state == "started")
    return [machine for machine in live if not machine.checks or running[group_name(machine)] > 1]


def _versions(job: Job) -> list[str]:
    kept = [kept.machine for group in job.plan.groups for kept in group.kept]
    steps: list[Machine | None] = [machine_of(step) for _, step in job.plan.steps()]
    return sorted(f"{machine.id} {machine.version}" for machine in (*kept, *steps) if machine is not None)


def _short(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
