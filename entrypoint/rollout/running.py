"""Whether a machine runs when its step is executed. The proxy may have started or stopped it since the plan was made."""

from __future__ import annotations

from typing import assert_never

from entrypoint.fleet.states import UP
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    GateKind,
    Route,
    Start,
    Step,
    Update,
)
from entrypoint.rollout.context import Rollout


def runs_now(rollout: Rollout, step: Update) -> bool:
    """Whether the machine runs when we write to it, as it was found under leases."""
    if step.as_found:
        now = rollout.ledger.find(step.machine)
        return now.state in UP or (now.state == "failed" and step.launch)
    return step.launch and not step.start


def will_run(rollout: Rollout, step: Step) -> bool:
    """Whether the machine runs after the step, so that it shows whether the new version works."""
    match step:
        case Create():
            return step.standby_for is None and not step.skip_launch
        case Update():
            return step.gate.kind is not GateKind.REST and (step.start or runs_now(rollout, step))
        case Start():
            return True
        case Route() | Cordon() | Discard() | Destroy():
            return False
        case _:
            assert_never(step)
