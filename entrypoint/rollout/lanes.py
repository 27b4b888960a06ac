"""Stages one after the other, lanes side by side, waves one after the other, steps side by side: as the plan has them.

One thing is narrower than planned: nothing is taken many at a time before one machine of the lane has shown that the new version runs. The
plan puts one first and alone; where that one rests by now (autostop), the next that runs goes alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.model.plan import Lane
from entrypoint.planning.model.steps import Step
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.running import will_run
from entrypoint.rollout.steps import Taking


async def run_stages(rollout: Rollout) -> None:
    """All of them, unless something halts the rollout."""
    for stage in rollout.plan.stages:
        async with anyio.create_task_group() as lanes:
            for lane in stage.lanes:
                lanes.start_soon(_run_lane, rollout, lane)


async def _run_lane(rollout: Rollout, lane: Lane) -> None:
    """Boot watches of all but the first run on beside the next waves."""
    proven = rollout.plan.strategy is Strategy.IMMEDIATE  # nobody goes first
    async with anyio.create_task_group() as watchers:
        for wave in lane.waves:
            for part in _split(rollout, wave.steps, proven=proven):
                takings = await _take(rollout, part, wave=wave.number)
                runs = any(will_run(rollout, step) for step in part)
                watched = [taking for taking in takings if taking.watches]
                if wave.boots_alone or (runs and not proven):
                    async with anyio.create_task_group() as first:
                        for taking in watched:
                            first.start_soon(taking.watch)
                else:
                    for taking in watched:
                        watchers.start_soon(taking.watch)
                proven = proven or runs


def _split(rollout: Rollout, steps: Sequence[Step], *, proven: bool) -> list[Sequence[Step]]:
    """The wave; before anything is proven one running machine of it, with those that rest, and then the others."""
    runners = [step for step in steps if will_run(rollout, step)]
    if proven or len(runners) < 2:
        return [steps]
    first = [step for step in steps if step is runners[0] or not will_run(rollout, step)]
    return [first, runners[1:]]


async def _take(rollout: Rollout, steps: Sequence[Step], *, wave: int) -> list[Taking]:
    takings = [Taking(rollout, step, wave=wave) for step in steps]
    async with anyio.create_task_group() as group:
        for taking in takings:
            group.start_soon(taking.take)
    return takings
