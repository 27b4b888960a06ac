"""Whether a run was killed after its last write, and before its last gate. Then every step is done, and nobody has seen whether the new
version works.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import assert_never

from entrypoint.fleet.marks import COMMIT, newest_done, parse_commit
from entrypoint.fleet.model import Fleet, HostStatus, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    HealthGate,
    Route,
    Start,
    Update,
    is_done,
)
from entrypoint.rollout.health import holds_unseen


def is_unfinished(plan: Plan, fleet: Fleet) -> bool:
    """Whether a plan whose steps are all done must still be seen through. Not because of a machine that broke after a green deploy.

    A deploy from a laptop leaves no mark when it ends. Then only what the machines show now counts, and [verify] is not asked again.
    """
    live = {machine.id: machine for machine in fleet.machines}
    written = [(machine, gate) for machine, gate in _written(plan, live) if _is_seen(machine)]
    if not written or _ended_green(fleet, [machine for machine, _ in written]):
        return False
    asks = plan.verify is not None or any(gate.tests for _, gate in written)
    is_marked = any(COMMIT in machine.metadata for machine, _ in written)
    return (asks and is_marked) or not all(holds_unseen(machine, gate) for machine, gate in written)


def _written(plan: Plan, live: Mapping[MachineId, Machine]) -> Iterator[tuple[Machine, HealthGate]]:
    """The machines that an interrupted run has written and that stay, with their gates."""
    for _, step in plan.steps():
        if not is_done(step):
            continue
        match step:
            case Create():
                made = live.get(step.done) if step.done is not None else None
                if made is not None and not step.rests_after:
                    yield made, step.gate
            case Update():
                yield live[step.machine.id], step.gate if step.launch else step.gate_if_resting
            case Start():
                yield live[step.machine.id], step.gate
            case Route() | Cordon() | Discard() | Destroy():
                continue  # the machines that stay have another step, or none
            case _:
                assert_never(step)


def _is_seen(machine: Machine) -> bool:
    """Whether its host answers. Otherwise Fly shows what was last known."""
    return machine.host_status is HostStatus.OK


def _ended_green(fleet: Fleet, written: Sequence[Machine]) -> bool:
    """Whether the runs that wrote these machines, or later ones under their keys, have ended green."""
    marks = [parse_commit(machine.metadata.get(COMMIT, "")) for machine in written]
    done = {mark.key: newest_done(fleet.machines, key=mark.key) for mark in marks if mark is not None}
    return all(
        mark is not None and (end := done[mark.key]) is not None and end.run >= mark.run for mark in marks
    )
