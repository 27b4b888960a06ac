"""Takes the planned snapshots of volumes before anything is changed, and waits for them."""

from __future__ import annotations

from functools import partial

from entrypoint.concurrency import gather
from entrypoint.planning.model.plan import Snapshot
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import TakenSnapshot

_AT_ONCE = 5


async def take_snapshots(rollout: Rollout) -> None:
    """Take all snapshots, some at a time. Raises FleetError if one fails; then nothing is written. Volumes never mounted are skipped."""
    await gather([partial(_take, rollout, wanted) for wanted in rollout.plan.snapshots], at_once=_AT_ONCE)


async def _take(rollout: Rollout, wanted: Snapshot) -> None:
    id_ = await rollout.halting.write_after(
        lambda: rollout.machines.list_snapshots(wanted.volume),
        lambda known: rollout.machines.take_snapshot(wanted.volume, known=known),
    )
    rollout.volumes.snapshots.append(TakenSnapshot(volume=wanted.volume, group=wanted.group, id=id_))
    said = f"{id_} of volume {wanted.volume}" if id_ else f"volume {wanted.volume} was never mounted: skipped"
    rollout.progress.say("snapshot", said)
