"""What interrupted runs of the same plan have done of a swap, and this run has not come to. A rollback undoes the whole swap."""

from __future__ import annotations

from typing import assert_never

from entrypoint.fleet.marks import Slot
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Update,
)
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.ledger import Touched


def done_before(rollout: Rollout) -> list[Touched]:
    """The new machines, their ways into routing, and the old machines out of routing, in the order of the plan.

    If they were left as they are, those new machines that this run has come to would be destroyed, and nothing would get their requests.
    """
    reached = {(type(t.step), t.machine) for t in rollout.ledger.touched}
    made: dict[Slot | None, MachineId] = {}
    found: list[Touched] = []
    for _, step in rollout.plan.steps():
        machine = _swapped(step, made)
        if machine is not None and (type(step), machine) not in reached:
            found.append(Touched(step=step, machine=machine))
    return found


def _swapped(step: Step, made: dict[Slot | None, MachineId]) -> MachineId | None:
    """The machine of a step that was done for a swap; None if it was not. `made`: the new machines, which are added."""
    match step:
        case Create(done=machine) if step.extra and machine is not None:
            made[step.slot] = machine
            return machine
        case Route(done=True, machine=None):
            return made.get(step.slot)
        case Cordon(done=True):
            return step.machine.id
        case Create() | Route() | Cordon() | Update() | Start() | Destroy() | Discard():
            return None
        case _:
            assert_never(step)
