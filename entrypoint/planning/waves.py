"""In which order: stages of lanes of waves.

Stage order: new groups first (nothing that serves is touched until they stand), then the existing groups side by side or as
`[rollout] order` says, then what is taken away. Inside a group the strategy decides (planning/strategy/).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import BootWatch, FirstProof, Lane, LockKind, ReleaseRun, Stage, Wave
from entrypoint.planning.model.steps import Destroy, Step, is_done, leased_throughout, tests_of
from entrypoint.planning.strategy import immediate, rolling
from entrypoint.planning.strategy.arrange import Arrangement, GroupSteps, chunks

DESTROYS_AT_ONCE = 10
_Waves = tuple[GroupName, list[list[Step]], FirstProof]


def order_steps(
    groups: Sequence[GroupSteps], *, strategy: Strategy, order: tuple[tuple[GroupName, ...], ...]
) -> tuple[Stage, ...]:
    """All steps of all groups, each exactly once."""
    arranged = {group.group: _arrange(group, strategy) for group in groups}
    first = {g.group: chunks(_first(g), DESTROYS_AT_ONCE) for g in groups}
    new = [g.group for g in groups if g.is_new and not any(g.group in entry for entry in order)]
    rest = [g.group for g in groups if g.group not in new]
    unnamed = tuple(name for name in rest if not any(name in entry for entry in order))
    stages: list[list[_Waves]] = [
        [(name, arranged[name].creates, arranged[name].first_proof) for name in new]
    ]
    stages.extend(
        [
            (
                name,
                [*first[name], *arranged[name].creates, *arranged[name].changes],
                arranged[name].first_proof,
            )
            for name in rest
            if name in entry
        ]
        for entry in (*order, unnamed)
    )
    stages.append([(g.group, chunks(_last(g), DESTROYS_AT_ONCE), FirstProof.NOBODY) for g in groups])
    return tuple(_number(stages))


def _first(group: GroupSteps) -> list[Destroy]:
    return [step for step in group.destroys if group.destroys_first and step.replaced]


def _last(group: GroupSteps) -> list[Destroy]:
    return [step for step in group.destroys if not (group.destroys_first and step.replaced)]


def _arrange(group: GroupSteps, strategy: Strategy) -> Arrangement:
    """A plan whose strategy cannot be executed is shown as rolling, and blocked (planning/blockers.py)."""
    match strategy:
        case Strategy.ROLLING | Strategy.CANARY | Strategy.BLUEGREEN:
            return rolling.arrange(group)
        case Strategy.IMMEDIATE:
            return immediate.arrange(group)
        case _:
            assert_never(strategy)


def choose_lock(stages: Sequence[Stage], release: ReleaseRun | None, *, grows: bool = False) -> LockKind:
    """Leases lock where at least one machine is leased from the beginning to the end, and nothing runs before that; and where all
    that is left of an interrupted run is to look. `grows`: volumes are made larger, which no lease keeps apart."""
    steps = [step for stage in stages for lane in stage.lanes for wave in lane.waves for step in wave.steps]
    if all(is_done(step) for step in steps) and not grows:
        return LockKind.LEASES
    leased = any(leased_throughout(step) for step in steps)
    return LockKind.LEASES if leased and release is None else LockKind.MACHINE


def _number(stages: list[list[_Waves]]) -> Iterator[Stage]:
    number = 0
    for lanes in stages:
        filled = [lane for lane in lanes if lane[1]]
        if not filled:
            continue
        yield Stage(
            lanes=tuple(
                Lane(group=group, waves=tuple(_waves(waves, after=number)), first_proof=first_proof)
                for group, waves, first_proof in filled
            ),
            forward=_goes_forward([step for _, waves, _ in filled for wave in waves for step in wave]),
        )
        number += max(len(waves) for _, waves, _ in filled)


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
