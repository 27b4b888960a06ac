"""Puts the steps in order: numbered stages, lanes and waves. The strategy decides the order (planning/strategy/).

Machines that an interrupted deploy left cordoned are uncordoned first, so that there is enough capacity for the rest.
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
    """All steps of all groups, each exactly once. `asks`: flightplan.toml has `[verify]`, a request to the app."""
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
    """Left-over machines without requests are destroyed first: one may have the name of a machine that is created now."""
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
    """LEASES if at least one machine is leased for the whole rollout and there is no release command before it, or if all steps are done.
    Else MACHINE. `grows`: volumes are made larger, which no lease protects.
    """
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
    """Whether the steps destroy machines that were replaced. After that there is no way back: their replacements must stay."""
    destroys = [step for step in steps if isinstance(step, Destroy)]
    return len(destroys) == len(steps) and any(step.replaced for step in destroys)


def _waves(waves: list[list[Step]], *, after: int) -> Iterator[Wave]:
    """The waves. Only the first boot watch of a lane holds the next wave, which costs 10 s for each group instead of each machine. With
    machine checks each does, because the checks run after it.
    """
    for number, wave in enumerate(waves, start=1):
        is_tested = any(tests_of(step) for step in wave)
        watch = BootWatch.HOLDS if number == 1 or is_tested else BootWatch.BESIDE
        yield Wave(number=after + number, steps=tuple(wave), boot_watch=watch)
