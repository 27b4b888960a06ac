"""The marks of a strategy on machines: which were made beside a group, and which it cordoned.

Metadata is foreign text, and a clone carries its sibling's: a machine counts as made beside a group only under the name that our
rollout gave it.
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
    """For its update: it comes back."""
    MADE = "made"
    """It was made cordoned, and gets requests once it has passed its gate."""
    UPDATED = "updated"
    """It was drained and then updated: its present version has not passed its gate yet."""
    RETIRE = "retire"
    """Another machine has replaced it: it is to be destroyed."""
    RETIRE_HELD = "retire-held"
    """The same, for one that a person had cordoned before: if it stays after all, it stays cordoned."""


def extra_of(machine: Machine) -> str:
    """CANARY, the id of the machine whose place this one takes, or nothing."""
    extra, plan, slot = (machine.metadata.get(key, "") for key in (marks.EXTRA, marks.PLAN, marks.SLOT))
    return extra if extra and is_unique_name(machine.name, f"{plan}/{slot}") else ""


def cordon_of(machine: Machine) -> Cordoned | None:
    """Why a rollout of ours cordoned it; None if none did. The mark alone proves no cordon: the run may have been killed before it, or
    after it was taken off. A machine that takes another's place (EXTRA) has no such mark: whether it is routed says its cordon.
    """
    text = machine.metadata.get(marks.CORDON, "")
    return Cordoned(text) if text in set(Cordoned) else None


def is_cordoned_by_hand(machine: Machine) -> bool:
    """Whether a person took it out of routing: it stays so."""
    return machine.cordoned and cordon_of(machine) in (None, Cordoned.RETIRE_HELD)


def is_unproven(machine: Machine) -> bool:
    """Whether it has been out of routing since before its present version began, so that this version has not passed its gate. Any other
    that we cordoned may be uncordoned at once.
    """
    return machine.cordoned and cordon_of(machine) in (Cordoned.MADE, Cordoned.UPDATED)


def retires(machine: Machine) -> bool:
    """Whether another machine has taken its place."""
    return cordon_of(machine) in (Cordoned.RETIRE, Cordoned.RETIRE_HELD)
