"""In which order: stages of lanes of waves.

Stage order: new groups first (nothing that serves is touched until they stand), then the existing groups side by side or as
`[rollout] order` says, then what is taken away. Inside a group one machine goes first and alone; the rest follow `width` at a
time (flyctl strategy rolling: spearhead, then a pool). Machines that rest ride along once the first has passed: they serve nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import Lane, Stage, Wave
from entrypoint.planning.model.steps import Create, Destroy, Replace, Start, Step, Update

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
    changes: tuple[Update | Start | Replace, ...]
    destroys: tuple[Destroy, ...]
    warm: frozenset[str]
    """Ids of the machines whose update costs availability."""
    width: int
    all_at_once: bool
    """Strategy immediate: no machine goes first and alone."""


def order_steps(
    groups: Sequence[GroupSteps], *, order: tuple[tuple[GroupName, ...], ...]
) -> tuple[Stage, ...]:
    """All steps of all groups, each exactly once."""
    stages: list[list[tuple[GroupName, list[list[Step]]]]] = []
    new = [g for g in groups if g.is_new and not any(g.group in entry for entry in order)]
    stages.append([(g.group, _create_waves(g)) for g in new])
    rest = [g for g in groups if g.group not in {n.group for n in new}]
    unnamed = tuple(g.group for g in rest if not any(g.group in entry for entry in order))
    stages.extend(
        [(g.group, [*_create_waves(g), *_change_waves(g)]) for g in rest if g.group in entry]
        for entry in (*order, unnamed)
    )
    stages.append([(g.group, list(_chunks(g.destroys, DESTROYS_AT_ONCE))) for g in groups])
    return tuple(_number(stages))


def _create_waves(steps: GroupSteps) -> list[list[Step]]:
    """The first alone, then the others; standbys need the id of the machine they stand by for, so they follow."""
    primaries = [step for step in steps.creates if step.standby_for is None]
    standbys = [step for step in steps.creates if step.standby_for is not None]
    first = [] if steps.all_at_once else primaries[:1]
    waves: list[list[Step]] = [list(first)] if first else []
    waves += _chunks(primaries[len(first) :], CREATES_AT_ONCE)
    waves += _chunks(standbys, CREATES_AT_ONCE)
    return waves


def _change_waves(steps: GroupSteps) -> list[list[Step]]:
    warm = [step for step in steps.changes if step.machine.id in steps.warm]
    cold = [step for step in steps.changes if step.machine.id not in steps.warm]
    first = 0 if steps.all_at_once else 1
    waves: list[list[Step]] = [list(warm[:first])] if warm[:first] else []
    waves += _chunks(warm[first:], steps.width)
    for index, chunk in enumerate(_chunks(cold, RESTING_AT_ONCE)):
        place = index + (1 if warm else 0)
        if place < len(waves):
            waves[place] += chunk
        else:
            waves.append(chunk)
    return waves


def _chunks(steps: Iterable[Step], size: int) -> list[list[Step]]:
    items = list(steps)
    return [items[start : start + size] for start in range(0, len(items), size)]


def _number(stages: list[list[tuple[GroupName, list[list[Step]]]]]) -> Iterator[Stage]:
    number = 0
    for lanes in stages:
        filled = [(group, waves) for group, waves in lanes if waves]
        if not filled:
            continue
        yield Stage(
            lanes=tuple(
                Lane(
                    group=group,
                    waves=tuple(
                        Wave(number=number + i, steps=tuple(wave), boots_alone=i == 1)
                        for i, wave in enumerate(waves, start=1)
                    ),
                )
                for group, waves in filled
            )
        )
        number += max(len(waves) for _, waves in filled)
