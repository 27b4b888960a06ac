"""The order of bluegreen: create all new machines, update others in place, send requests to the new ones, and then, without a way back,
destroy the old ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from entrypoint.kernel.ids import GroupName
from entrypoint.planning.model.plan import FirstProof
from entrypoint.planning.model.steps import Cordon, Create, Route, Step
from entrypoint.planning.strategy import rolling
from entrypoint.planning.strategy.arrange import (
    Arrangement,
    GroupSteps,
    Phase,
    Track,
    chunks,
    create_waves,
    goes_first,
    in_order,
)

RETIRED_AT_ONCE = 30
"""Many side by side, because each waits for its requests to end, which may take long."""


def phases(
    groups: Sequence[GroupSteps], *, order: tuple[tuple[GroupName, ...], ...], asks: bool
) -> list[Phase]:
    """Create all new machines, update others in place, uncordon the new ones; then, without a way back, cordon, drain and destroy.

    `asks`: the old machines are cordoned while there is still a way back, so that the request to the app reaches the new ones.
    """
    if not any(_belongs(step) for group in groups for step in group.routing):
        return rolling.phases(groups, order=order)
    new = [replace(g, changes=(), destroys=()) for g in groups if g.is_new]
    old = [g for g in groups if not g.is_new]
    made = [replace(g, changes=(), destroys=(), creates=_creates(g, routed=False)) for g in old]
    in_place = [replace(g, creates=_creates(g, routed=True)) for g in old]
    return [
        *in_order(new, order=order, arrange=rolling.arrange),
        *in_order(made, order=order, arrange=_arrange_greens),
        *in_order(in_place, order=order, arrange=rolling.arrange),
        Phase(tracks=[_track(g, [list(_routes(g))]) for g in old]),
        *_switch(groups, asks=asks),
    ]


def _belongs(step: Step) -> bool:
    """Whether the step is part of a switch: it uncordons a new machine, or cordons an old one. `regions` may leave only one of both."""
    return isinstance(step, Cordon) or (isinstance(step, Route) and step.machine is None)


def _switch(groups: Sequence[GroupSteps], *, asks: bool) -> Iterator[Phase]:
    if asks:
        yield Phase(tracks=[_track(g, [_cordons(g)]) for g in groups], asks=True)
        yield Phase(tracks=[_track(g, _goes(g)) for g in groups], forward=True)
    else:
        yield Phase(tracks=[_track(g, [_cordons(g), *_goes(g)]) for g in groups], forward=True)


def _creates(group: GroupSteps, *, routed: bool) -> tuple[Create, ...]:
    return tuple(step for step in group.creates if step.routed is routed)


def _arrange_greens(group: GroupSteps) -> Arrangement:
    return Arrangement(
        creates=create_waves(group, first=1, width=max(3, -(-len(group.creates) // 3))),
        changes=[],
        first_proof=FirstProof.FIRST_RUNNING,
    )


def _routes(group: GroupSteps) -> Iterator[Step]:
    return (step for step in group.routing if isinstance(step, Route) and step.machine is None)


def _cordons(group: GroupSteps) -> list[Step]:
    return [step for step in group.routing if isinstance(step, Cordon)]


def _goes(group: GroupSteps) -> list[list[Step]]:
    return chunks((d for d in group.destroys if not goes_first(group, d)), RETIRED_AT_ONCE)


def _track(group: GroupSteps, waves: list[list[Step]]) -> Track:
    return Track(group=group.group, waves=[wave for wave in waves if wave], first_proof=FirstProof.NOBODY)
