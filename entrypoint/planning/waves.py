"""In which order: stages of lanes of waves, numbered. The strategy says which (planning/strategy/).

Before everything, what an interrupted deploy took out of routing gets requests again: only then there is what may be taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import BootWatch, FirstProof, Lane, LockKind, ReleaseRun, Stage, Wave
from entrypoint.planning.model.steps import Destroy, Route, Step, Swap, is_done, leased_throughout, tests_of
from entrypoint.planning.strategy import canary, immediate, rolling, switch
from entrypoint.planning.strategy.arrange import GroupSteps, Phase, Track


def order_steps(
    groups: Sequence[GroupSteps],
    *,
    strategy: Strategy,
    order: tuple[tuple[GroupName, ...], ...],
    asks: bool = False,
) -> tuple[Stage, ...]:
    """All steps of all groups, each exactly once. `asks`: the app itself is asked before what has no way back (`[verify]`)."""
    rest = [replace(g, destroys=tuple(d for d in g.destroys if not _is_idle(d))) for g in groups]
    first = [_back_into_routing(groups), _idle(groups)]
    return tuple(_number([*first, *_phases(rest, strategy, order, asks=asks)]))


def _phases(
    groups: Sequence[GroupSteps], strategy: Strategy, order: tuple[tuple[GroupName, ...], ...], *, asks: bool
) -> list[Phase]:
    match strategy:
        case Strategy.ROLLING:
            return rolling.phases(groups, order=order)
        case Strategy.IMMEDIATE:
            return immediate.phases(groups, order=order)
        case Strategy.CANARY:
            return canary.phases(groups, order=order)
        case Strategy.BLUEGREEN:
            return switch.phases(groups, order=order, asks=asks)
        case _:
            assert_never(strategy)


def _back_into_routing(groups: Sequence[GroupSteps]) -> Phase:
    tracks = []
    for group in groups:
        routes: list[Step] = [s for s in group.routing if isinstance(s, Route) and s.machine is not None]
        waves = [routes] if routes else []
        tracks.append(Track(group=group.group, waves=waves, first_proof=FirstProof.NOBODY))
    return Phase(tracks=tracks)


def _idle(groups: Sequence[GroupSteps]) -> Phase:
    """What is left over and gets no requests is destroyed first: it may have the name of a machine that is made now."""
    tracks = []
    for group in groups:
        waves: list[list[Step]] = [[step for step in group.destroys if _is_idle(step)]]
        tracks.append(
            Track(group=group.group, waves=waves if waves[0] else [], first_proof=FirstProof.NOBODY)
        )
    return Phase(tracks=tracks)


def _is_idle(step: Destroy) -> bool:
    return step.swap is Swap.LEFT_OVER and not step.retire


def choose_lock(stages: Sequence[Stage], release: ReleaseRun | None, *, grows: bool = False) -> LockKind:
    """Leases lock where at least one machine is leased from the beginning to the end, and nothing runs before that; and where all
    that is left of an interrupted run is to look. `grows`: volumes are made larger, which no lease keeps apart."""
    steps = [step for stage in stages for lane in stage.lanes for wave in lane.waves for step in wave.steps]
    if all(is_done(step) for step in steps) and not grows:
        return LockKind.LEASES
    leased = any(leased_throughout(step) for step in steps)
    return LockKind.LEASES if leased and release is None else LockKind.MACHINE


def _number(phases: Sequence[Phase]) -> Iterator[Stage]:
    number = 0
    for phase in phases:
        filled = [track for track in phase.tracks if track.waves]
        if not filled:
            continue
        yield Stage(
            lanes=tuple(
                Lane(
                    group=track.group,
                    waves=tuple(_waves(track.waves, after=number)),
                    first_proof=track.first_proof,
                )
                for track in filled
            ),
            forward=phase.forward
            or _goes_forward([step for track in filled for wave in track.waves for step in wave]),
            asks=phase.asks,
        )
        number += max(len(track.waves) for track in filled)


def _goes_forward(steps: Sequence[Step]) -> bool:
    """Once what was replaced goes, its successors must stay: there is no way back."""
    destroys = [step for step in steps if isinstance(step, Destroy)]
    return len(destroys) == len(steps) and any(step.replaced for step in destroys)


def _waves(waves: list[list[Step]], *, after: int) -> Iterator[Wave]:
    """The first boot watch of a lane holds the next wave: 10 s a group instead of 10 s a machine. Where machines are tested, each does:
    the tests come after it."""
    for number, wave in enumerate(waves, start=1):
        is_tested = any(tests_of(step) for step in wave)
        watch = BootWatch.HOLDS if number == 1 or is_tested else BootWatch.BESIDE
        yield Wave(number=after + number, steps=tuple(wave), boot_watch=watch)
