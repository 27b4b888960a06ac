"""Runs the plan's stages in sequence, their lanes side by side, of each lane the waves in sequence, of each wave the steps side by side.

The plan says whether one machine goes first, and what waits for a boot watch (`Lane.first_proof`, `Wave.boot_watch`). Which machines run
when a wave begins is only known here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

import anyio
import anyio.abc
from anyio.lowlevel import checkpoint_if_cancelled

from entrypoint.planning.model.plan import BootWatch, FirstProof, Lane, Wave
from entrypoint.planning.model.steps import DRAIN_SECONDS, Step
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.passed import watch_passed
from entrypoint.rollout.running import will_run
from entrypoint.rollout.step_run import StepRun
from entrypoint.rollout.wave_leases import lease_wave


async def run_stages(rollout: Rollout, *, ask: Callable[[], Awaitable[None]]) -> None:
    """Run all stages, unless something halts the rollout. Machines that have passed are watched until the end.

    `ask`: makes the request to the app, after a stage with `asks`.
    """
    async with anyio.create_task_group() as beside:
        beside.start_soon(watch_passed, rollout)
        for stage in rollout.plan.stages:
            await (
                checkpoint_if_cancelled()
            )  # what has failed before it is rolled back, also where this stage goes forward
            rollout.halting.is_forward = rollout.halting.is_forward or stage.forward
            async with anyio.create_task_group() as lanes:
                for lane in stage.lanes:
                    lanes.start_soon(_run_forward if stage.forward else _run_lane, rollout, lane)
            if stage.asks:
                await anyio.sleep(
                    DRAIN_SECONDS
                )  # until then proxies may still send requests to the old machines
                await ask()
        beside.cancel_scope.cancel()


async def _run_lane(rollout: Rollout, lane: Lane) -> None:
    proven = _starts_proven(lane.first_proof)
    async with anyio.create_task_group() as watchers:
        for wave in lane.waves:
            if not await lease_wave(rollout, wave.steps):
                return
            for part in _split(rollout, wave.steps, proven=proven):
                runs = any(will_run(rollout, step) for step in part)
                await _run_part(rollout, wave, part, watchers, alone=runs and not proven)
                proven = proven or runs


async def _run_forward(rollout: Rollout, lane: Lane) -> None:
    """Run a lane in which a failed step does not stop the others. Each step takes its own lease."""
    for wave in lane.waves:
        async with anyio.create_task_group() as group:
            for step in wave.steps:
                group.start_soon(StepRun(rollout, step, wave=wave.number, forward=True).take)


def _starts_proven(first_proof: FirstProof) -> bool:
    match first_proof:
        case FirstProof.FIRST_RUNNING:
            return False
        case FirstProof.NOBODY:
            return True
        case _:
            assert_never(first_proof)


def _split(rollout: Rollout, steps: Sequence[Step], *, proven: bool) -> list[Sequence[Step]]:
    """The wave in one part; or, if the lane is not proven yet, one running machine with the stopped ones first, then the others."""
    runners = [step for step in steps if will_run(rollout, step)]
    if proven or len(runners) < 2:
        return [steps]
    first = [step for step in steps if step is runners[0] or not will_run(rollout, step)]
    return [first, runners[1:]]


async def _run_part(
    rollout: Rollout,
    wave: Wave,
    steps: Sequence[Step],
    watchers: anyio.abc.TaskGroup,
    *,
    alone: bool,
) -> None:
    """Run the steps and their boot watches. The watches run beside the next steps, unless the wave says otherwise or `alone`."""
    runs = [StepRun(rollout, step, wave=wave.number) for step in steps]
    try:
        async with anyio.create_task_group() as group:
            for run in runs:
                group.start_soon(run.take)
    except anyio.get_cancelled_exc_class():
        for run in runs:
            run.end_unwatched()
        raise
    watched = [run for run in runs if run.watches]
    match wave.boot_watch:
        case BootWatch.BESIDE if not alone:
            for run in watched:
                watchers.start_soon(run.watch)
        case BootWatch.HOLDS | BootWatch.BESIDE:
            async with anyio.create_task_group() as group:
                for run in watched:
                    group.start_soon(run.watch)
        case _:
            assert_never(wave.boot_watch)
