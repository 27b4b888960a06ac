"""The marks that a canary or blue-green rollout leaves on machines: which it created in addition to a group, and which it cordoned.

Anybody can write metadata, and a clone copies its sibling's. So the mark of an additional machine counts only if the machine also has the
name that our rollout gave it.
"""

from __future__ import annotations

from enum import StrEnum

from entrypoint.fleet import marks
from entrypoint.fleet.model import Machine
from entrypoint.fleet.names import is_unique_name

CANARY = "canary"
"""EXTRA of a machine that tests a new version, and is destroyed afterwards."""


class Cordoned(StrEnum):
    """Why a rollout cordoned a machine."""

    DRAIN = "drain"
    """To drain it before its update. It is uncordoned afterwards."""
    MADE = "made"
    """It was created cordoned. It is uncordoned once it has passed its gate."""
    UPDATED = "updated"
    """It was drained and then updated. Its present version has not passed its gate yet."""
    RETIRE = "retire"
    """Another machine has replaced it. It will be destroyed."""
    RETIRE_HELD = "retire-held"
    """The same, for a machine that a person had cordoned before. If it is kept after all, it stays cordoned."""


def extra_of(machine: Machine) -> str:
    """CANARY, the id of the machine that this one replaces, or an empty string."""
    found = machine.metadata
    extra, plan, slot = (found.get(key, "") for key in (marks.EXTRA, marks.PLAN, marks.SLOT))
    return extra if extra and is_unique_name(machine.name, f"{plan}/{slot}") else ""


def cordon_of(machine: Machine) -> Cordoned | None:
    """Why a rollout of ours cordoned it; None if none did.

    The mark alone does not prove that it is cordoned: the run may have been killed before the cordon, or after the uncordon. A machine
    that replaces another (EXTRA) has no such mark; its `cordoned` tells whether it gets requests.
    """
    text = machine.metadata.get(marks.CORDON, "")
    return Cordoned(text) if text in set(Cordoned) else None


def is_cordoned_by_hand(machine: Machine) -> bool:
    """Whether a person cordoned it. Such a machine stays cordoned."""
    return machine.cordoned and cordon_of(machine) in (None, Cordoned.RETIRE_HELD)


def is_unproven(machine: Machine) -> bool:
    """Whether it was cordoned before its present version began, so that this version has not passed its gate yet. Any other machine
    that we cordoned may be uncordoned at once.
    """
    return machine.cordoned and cordon_of(machine) in (Cordoned.MADE, Cordoned.UPDATED)


def retires(machine: Machine) -> bool:
    """Whether another machine has replaced it."""
    return cordon_of(machine) in (Cordoned.RETIRE, Cordoned.RETIRE_HELD)
