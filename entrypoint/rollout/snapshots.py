"""Snapshots before anything is changed: of each volume that the plan names, side by side, awaited."""

from __future__ import annotations

from functools import partial

from entrypoint.concurrency import gather
from entrypoint.planning.model.plan import Snapshot
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import TakenSnapshot

_AT_ONCE = 5


async def take_snapshots(rollout: Rollout) -> None:
    """All of them. Raises FleetError where one fails: then nothing is written. A volume that was never mounted has nothing to save."""
    await gather([partial(_take, rollout, wanted) for wanted in rollout.plan.snapshots], at_once=_AT_ONCE)


async def _take(rollout: Rollout, wanted: Snapshot) -> None:
    id_ = await rollout.halting.write(lambda: rollout.machines.take_snapshot(wanted.volume))
    rollout.volumes.snapshots.append(TakenSnapshot(volume=wanted.volume, group=wanted.group, id=id_))
    said = f"{id_} of volume {wanted.volume}" if id_ else f"volume {wanted.volume} was never mounted: skipped"
    rollout.progress.say("snapshot", said)
