"""Says what a rollout has done if it ends before the first machine is written."""

from __future__ import annotations

from entrypoint.rollout.context import Rollout


def so_far(rollout: Rollout) -> str:
    """One sentence. "Nothing was written" includes the release command, its record, snapshots and volumes."""
    if rollout.release.result is not None and not rollout.release.result.adopted:
        return "No machine was changed; the release command has run, and is not undone."
    if rollout.release.running_on is not None:
        return "No machine was changed; the release command may have run."
    if rollout.volumes.grown:
        return "No machine was updated; volumes were made larger, and stay so."
    saved = sum(taken.id is not None for taken in rollout.volumes.snapshots)
    if saved:
        volumes = "1 snapshot of a volume was" if saved == 1 else f"{saved} snapshots of volumes were"
        return f"No machine was changed; {volumes} taken."
    return "No machine was changed." if rollout.release.row is not None else "Nothing was written."
