"""What every strategy is given, and what it makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.model.steps import Create, Destroy, Start, Step, Update

RESTING_AT_ONCE = 30
"""flyctl deploy/plan.go:STOPPED_MACHINES_POOL_SIZE."""
CREATES_AT_ONCE = 3
"""Fly takes one create a second and app, three in a burst (machines-api §1.4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSteps:
    """The steps of one group before they are put in order."""

    group: GroupName
    is_new: bool
    creates: tuple[Create, ...]
    changes: tuple[Update | Start, ...]
    destroys: tuple[Destroy, ...]
    destroys_first: bool
    """Of a singleton there are never two: what is replaced goes before its successor is made."""
    warm: frozenset[str]
    """Ids of the machines whose update costs availability."""
    width: int
    """How many of them are taken at once, after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """One group's creates and changes as waves, and who proves the new version to the others."""

    creates: list[list[Step]]
    changes: list[list[Step]]
    first_proof: FirstProof


def chunks(steps: Iterable[Step], size: int) -> list[list[Step]]:
    """`size` at a time."""
    items = list(steps)
    return [items[start : start + size] for start in range(0, len(items), size)]


def create_waves(steps: GroupSteps, *, first: int) -> list[list[Step]]:
    """`first` of them alone, then the others; standbys need the id of the machine they stand by for, so they follow."""
    primaries = [step for step in steps.creates if step.standby_for is None]
    standbys = [step for step in steps.creates if step.standby_for is not None]
    waves: list[list[Step]] = [list(primaries[:first])] if primaries[:first] else []
    waves += chunks(primaries[first:], CREATES_AT_ONCE)
    waves += chunks(standbys, CREATES_AT_ONCE)
    return waves


def change_waves(steps: GroupSteps, *, first: int) -> list[list[Step]]:
    """`first` of those that serve alone, then `width` at a time; those that rest go with the later waves: they serve nobody."""
    warm = [step for step in steps.changes if step.machine.id in steps.warm]
    cold = [step for step in steps.changes if step.machine.id not in steps.warm]
    waves: list[list[Step]] = [list(warm[:first])] if warm[:first] else []
    waves += chunks(warm[first:], steps.width)
    for index, chunk in enumerate(chunks(cold, RESTING_AT_ONCE)):
        place = index + (1 if warm else 0)
        if place < len(waves):
            waves[place] += chunk
        else:
            waves.append(chunk)
    return waves
