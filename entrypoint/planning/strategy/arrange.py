"""The types that strategies take and return, and the functions that they share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, Route, Start, Step, Update

RESTING_AT_ONCE = 30
"""flyctl deploy/plan.go:STOPPED_MACHINES_POOL_SIZE."""
CREATES_AT_ONCE = 3
"""Fly allows one create per second and app, and three in a burst (https://fly.io/docs/machines/api/working-with-machines-api/)."""
DESTROYS_AT_ONCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSteps:
    """The steps of one group before they are put in order."""

    group: GroupName
    is_new: bool
    creates: tuple[Create, ...]
    changes: tuple[Update | Start, ...]
    destroys: tuple[Destroy, ...]
    destroys_first: bool
    """A singleton: a machine is destroyed before its replacement is created, so that there are never two."""
    routing: tuple[Route | Cordon | Discard, ...]
    warm: frozenset[str]
    """Ids of the machines whose update reduces capacity."""
    width: int
    """How many of them are updated at once, after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """One group's creates and changes as waves, and which machine shows that the new version runs."""

    creates: list[list[Step]]
    changes: list[list[Step]]
    first_proof: FirstProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A lane before it is numbered."""

    group: GroupName
    waves: list[list[Step]]
    first_proof: FirstProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stage before it is numbered. A phase without waves makes no stage."""

    tracks: list[Track]
    forward: bool = False
    asks: bool = False
    """The request to the app (`[verify]`) is made when all its waves have passed."""


def in_order(
    groups: Sequence[GroupSteps],
    *,
    order: tuple[tuple[GroupName, ...], ...],
    arrange: Callable[[GroupSteps], Arrangement],
) -> list[Phase]:
    """The phases of all creates and changes: first new groups, so that no serving machine is changed before they are healthy; then the
    others, side by side or as `[rollout] order` says.
    """
    made = {group.group: arrange(group) for group in groups}
    first = {g.group: chunks((d for d in g.destroys if goes_first(g, d)), DESTROYS_AT_ONCE) for g in groups}
    new = [g.group for g in groups if g.is_new and not any(g.group in entry for entry in order)]
    rest = [g.group for g in groups if g.group not in new]
    unnamed = tuple(name for name in rest if not any(name in entry for entry in order))
    phases = [Phase(tracks=[_track(name, made[name], made[name].creates) for name in new])]
    for entry in (*order, unnamed):
        names = [name for name in rest if name in entry]
        tracks = [_track(n, made[n], [*first[n], *made[n].creates, *made[n].changes]) for n in names]
        phases.append(Phase(tracks=tracks))
    return phases


def _track(group: GroupName, made: Arrangement, waves: list[list[Step]]) -> Track:
    return Track(group=group, waves=waves, first_proof=made.first_proof)


def goes_first(group: GroupSteps, step: Destroy) -> bool:
    """Whether a machine is destroyed before the group's creates and updates."""
    return group.destroys_first and step.replaced


def taking_away(groups: Sequence[GroupSteps]) -> Phase:
    """The last phase: machines that are destroyed."""
    return Phase(
        tracks=[
            Track(
                group=g.group,
                waves=chunks((d for d in g.destroys if not goes_first(g, d)), DESTROYS_AT_ONCE),
                first_proof=FirstProof.NOBODY,
            )
            for g in groups
        ]
    )


def chunks(steps: Iterable[Step], size: int) -> list[list[Step]]:
    """The steps in lists of `size`."""
    items = list(steps)
    return [items[start : start + size] for start in range(0, len(items), size)]


def create_waves(steps: GroupSteps, *, first: int, width: int = CREATES_AT_ONCE) -> list[list[Step]]:
    """The creates: `first` of them alone, then `width` at a time. Standbys come last, because they need the id of their primary."""
    primaries = [step for step in steps.creates if step.standby_for is None]
    standbys = [step for step in steps.creates if step.standby_for is not None]
    waves: list[list[Step]] = [list(primaries[:first])] if primaries[:first] else []
    waves += chunks(primaries[first:], width)
    waves += chunks(standbys, width)
    return waves


def change_waves(steps: GroupSteps, *, first: int) -> list[list[Step]]:
    """The changes: `first` serving machines alone, then `width` at a time. Stopped machines, which get no requests, join later waves."""
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
