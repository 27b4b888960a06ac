"""The outcome of a rollout that has ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import anyio

from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import (
    Halted,
    HaltKind,
    Outcome,
    Proof,
    RolledBack,
    StepResult,
    StepStatus,
    Verified,
)
from entrypoint.rollout.step_run import existing_machine


def conclude(
    rollout: Rollout,
    *,
    rolled_back: tuple[RolledBack, ...],
    proof: Proof | None,
    verified: Verified | None,
    leases_left: int,
) -> Outcome:
    """The outcome. The lock and the leases are given back, as far as they could be."""
    row = rollout.release.row
    return Outcome(
        plan=rollout.plan,
        results=(*rollout.ledger.results, *_never_begun(rollout)),
        release=rollout.release.result,
        halted=_halted(rollout),
        rolled_back=rolled_back,
        proof=proof,
        leases_left=leases_left,
        lease_ttl=rollout.leases.ttl,
        lowest_running=tuple(
            (group.name, rollout.capacity.lowest[group.name], group.running)
            for group in rollout.plan.groups
            if group.name in rollout.capacity.lowest
        ),
        seconds=anyio.current_time() - rollout.job.begun,
        volumes=tuple(rollout.volumes.made),
        snapshots=tuple(sorted(rollout.volumes.snapshots, key=lambda taken: taken.volume)),
        grown=tuple(rollout.volumes.grown),
        addresses=tuple(rollout.addresses),
        release_version=row.version if row else None,
        verified=verified,
        is_forward=rollout.halting.is_forward,
    )


def _halted(rollout: Rollout) -> Halted | None:
    halted, machine = rollout.halting.halted, rollout.release.running_on
    if halted is not None and rollout.ledger.drained:
        names = ", ".join(sorted(rollout.ledger.drained))
        said = f"Cordoned for an update, and perhaps not uncordoned again: {names}. A new run does that."
        halted = replace(halted, detail=(*halted.detail, said))
    if halted is None or machine is None or halted.kind is not HaltKind.CANCELLED:
        return halted
    still = f"The release command may still run on machine {machine}. A new run waits for it and goes on from there."
    return replace(halted, detail=(*halted.detail, still))


def _never_begun(rollout: Rollout) -> Iterator[StepResult]:
    begun = {id(result.step) for result in rollout.ledger.results}
    for number, step in rollout.plan.steps():
        if id(step) not in begun:
            yield StepResult(
                step=step,
                wave=number,
                machine=existing_machine(step),
                status=StepStatus.SKIPPED,
                why="never begun",
            )
