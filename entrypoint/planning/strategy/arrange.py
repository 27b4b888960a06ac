"""What every strategy gets, and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, Route, Start, Step, Update

RESTING_AT_ONCE = 30
"""flyctl deploy/plan.go:STOPPED_MACHINES_POOL_SIZE."""
CREATES_AT_ONCE = 3
"""Fly takes one create a second and app, three in a burst (machines-api §1.4)."""
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
    """Of a singleton there are never two: what is replaced goes before its successor is made."""
    routing: tuple[Route | Cordon | Discard, ...]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A lane before it is numbered."""

    group: GroupName
    waves: list[list[Step]]
    first_proof: FirstProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A stage before it is numbered; one without waves is none."""

    tracks: list[Track]
    forward: bool = False
    asks: bool = False
    """The app is asked when it has passed (`[verify]`)."""


def in_order(
    groups: Sequence[GroupSteps],
    *,
    order: tuple[tuple[GroupName, ...], ...],
    arrange: Callable[[GroupSteps], Arrangement],
) -> list[Phase]:
    """New groups first (nothing that serves is touched until they stand), then the others side by side or as `[rollout] order` says.
    Without what is taken away."""
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
    """Whether a machine goes before the others are made and updated."""
    return group.destroys_first and step.replaced


def taking_away(groups: Sequence[GroupSteps]) -> Phase:
    """What goes, at the end."""
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
    """`size` at a time."""
    items = list(steps)
    return [items[start : start + size] for start in range(0, len(items), size)]


def create_waves(steps: GroupSteps, *, first: int, width: int = CREATES_AT_ONCE) -> list[list[Step]]:
    """`first` of them alone, then the others, `width` at a time; standbys need the id of the machine they stand by for, so they follow."""
    primaries = [step for step in steps.creates if step.standby_for is None]
    standbys = [step for step in steps.creates if step.standby_for is not None]
    waves: list[list[Step]] = [list(primaries[:first])] if primaries[:first] else []
    waves += chunks(primaries[first:], width)
    waves += chunks(standbys, width)
    return waves


def change_waves(steps: GroupSteps, *, first: int) -> list[list[Step]]:
    """`first` of those that serve alone, then `width` at a time; stopped ones are in the later waves: they get no requests."""
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
