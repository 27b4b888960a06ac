"""Which deploy a release command belongs to, and where its success is recorded: once per commit, and never twice.

A commit's release command runs once, however often its job is run again; a failure runs again; the same plan in another commit (a
revert, and the revert of that) runs it again. On a laptop there is no commit: there a deploy is a plan over machines of certain
versions. The success is recorded in the metadata of a machine at once, and in that of every machine that the rollout writes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.managed import group_name, is_managed
from entrypoint.fleet.marks import RELEASED
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import Destroy, machine_of
from entrypoint.rollout.context import Job, Rollout


def release_identity(job: Job) -> str:
    """What a success is recorded as: the commit and the key (hashed), else the plan and the versions it was made from (hashed)."""
    if job.commit:
        return f"{job.commit} {_short(job.plan.app, job.key)[:12]}"
    return f"plan {_short(job.digest, *_versions(job))}"


def is_released(rollout: Rollout, identity: str) -> bool:
    """Whether the release command of this deploy has succeeded already, by what stands on the machines.

    Without a commit, a plan that goes on where another run stopped was released by that run: it marks nothing before.
    """
    if any(machine.metadata.get(RELEASED) == identity for machine in rollout.ledger.found.values()):
        return True
    return rollout.job.commit is None and rollout.plan.resumes


async def record_release(rollout: Rollout, identity: str) -> None:
    """Mark one machine that stays. Best effort: every machine written from now on carries the mark too."""
    machine = _lasting(rollout)
    if machine is not None:
        await _record(rollout, machine, identity)


async def record_again(rollout: Rollout) -> None:
    """After a rollback that has taken away whatever carried the mark: strategy bluegreen swaps every machine, and touches none before the switch.

    Best effort. Not on the only machine of a group whose checks it may make Fly forget.
    """
    identity = rollout.release.mark
    if identity is None:
        return
    with suppress(FleetError):
        live = [machine for machine in await rollout.machines.list_machines() if is_managed(machine)]
        if any(machine.metadata.get(RELEASED) == identity for machine in live):
            return
        chosen = min(_able(live), key=lambda machine: (bool(machine.checks), machine.id), default=None)
        if chosen is not None:
            await _record(rollout, chosen.id, identity)


async def _record(rollout: Rollout, machine: MachineId, identity: str) -> None:
    try:
        await rollout.halting.write(
            lambda: rollout.machines.set_metadata(machine, key=RELEASED, value=identity)
        )
    except FleetError as error:
        rollout.progress.say("release", f"its success could not be recorded on machine {machine}: {error}")


def _lasting(rollout: Rollout) -> MachineId | None:
    """One without checks first, then one that the plan keeps.

    A metadata write may make Fly forget what a machine's checks said: until they pass again the proxy sends it nothing. Where every
    machine is swapped (bluegreen), one that goes in the end holds the mark until the new ones carry it.
    """
    kept = {kept.machine.id for group in rollout.plan.groups for kept in group.kept}
    leaving = {step.id for _, step in rollout.plan.steps() if isinstance(step, Destroy)}
    live = [m for m in rollout.ledger.found.values() if is_managed(m)]
    stay = [m for m in live if m.id not in leaving] or _able(live)
    chosen = min(stay, key=lambda m: (bool(m.checks), m.id not in kept, m.id), default=None)
    return chosen.id if chosen is not None else None


def _able(live: Sequence[Machine]) -> list[Machine]:
    """Not the only machine of a group whose checks Fly may forget."""
    running = Counter(group_name(machine) for machine in live if machine.state == "started")
    return [machine for machine in live if not machine.checks or running[group_name(machine)] > 1]


def _versions(job: Job) -> list[str]:
    kept = [kept.machine for group in job.plan.groups for kept in group.kept]
    steps: list[Machine | None] = [machine_of(step) for _, step in job.plan.steps()]
    return sorted(f"{machine.id} {machine.version}" for machine in (*kept, *steps) if machine is not None)


def _short(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
