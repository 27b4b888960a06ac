"""The verb of a step, the same in comments, plan.json and counts; and which steps are shown as one."""

from __future__ import annotations

from typing import assert_never

from entrypoint.fleet.extras import CANARY
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Swap,
    Update,
)

COUNTED = ("create", "update", "replace", "destroy", "keep", "start")
COUNTED_IF_ANY = ("swap", "remove", "canary", "route")
"""Counts that plan.json leaves out if they are 0, as in most plans."""


def verb_of(step: Step) -> str:
    """The step in a word."""
    match step:
        case Create():
            return "canary" if step.extra == CANARY else "create"
        case Update():
            return "update"
        case Start():
            return "start"
        case Route():
            return "route"
        case Cordon():
            return "cordon"
        case Discard():
            return "discard"
        case Destroy():
            return _taking_away(step)
        case _:
            assert_never(step)


def _taking_away(step: Destroy) -> str:
    match step.swap:
        case Swap.TAKEN_OVER:
            return "swap"
        case Swap.LEFT_OVER:
            return "remove"
        case None:
            return "replace" if step.replaced else "destroy"
        case _:
            assert_never(step.swap)


def is_shown(step: Step) -> bool:
    """Whether the step is shown. A machine that replaces another is shown at that one; routing steps, at the machine's create."""
    match step:
        case Create():
            return step.replaces is None
        case Route():
            return step.machine is not None
        case Cordon() | Discard():
            return False
        case Update() | Start() | Destroy():
            return True
        case _:
            assert_never(step)
