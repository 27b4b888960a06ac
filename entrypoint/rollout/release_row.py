"""The release record at Fly: opened before the first machine is changed, and closed with how the rollout ended. Its failure never fails a deploy."""

from __future__ import annotations

import anyio

from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import Proof
from entrypoint.rollout.ports import Releases

INTERRUPTED_WITHIN = 0.5
"""Seconds for a cancelled run to close its release record. It has 6 s in total, of which the leases may take 3."""


class ReleaseRow:
    """The record of one rollout. Without `releases`, and without changes, there is none."""

    def __init__(self, rollout: Rollout, releases: Releases | None) -> None:
        self._rollout = rollout
        self._releases = releases
        self._is_open = anyio.Event()
        self._telling = anyio.CancelScope()
        self._closed_as = ""

    async def open(self) -> None:
        """Open it. Its id is in `Rollout.release.row`."""
        rollout = self._rollout
        if self._releases is not None and rollout.plan.has_changes:
            rollout.release.row = await self._releases.open(
                image=rollout.plan.image.ref or next(iter(rollout.plan.live_images), ""),
                strategy=rollout.plan.strategy,
                definition=rollout.plan.definition,
            )
            self._is_open.set()

    async def tell_running(self) -> None:
        """Set its status to `running`, once it is open. Nothing waits for this."""
        with self._telling:
            await self._is_open.wait()
            row = self._rollout.release.row
            if self._releases is not None and row is not None:
                await self._releases.close(row, status="running")

    async def close(self, proof: Proof | None) -> None:
        """Close it, unless it is closed with this status already."""
        row, status = self._rollout.release.row, _status(self._rollout, proof)
        if self._releases is None or row is None or status == self._closed_as:
            return
        self._telling.cancel()
        within = INTERRUPTED_WITHIN if self._rollout.halting.was_cancelled else float("inf")
        with anyio.move_on_after(within):
            await self._releases.close(row, status=status)
            self._closed_as = status


def _status(rollout: Rollout, proof: Proof | None) -> str:
    """The final status of the release record, in flyctl's words."""
    if rollout.halting.was_cancelled:
        return "interrupted"
    proven = proof is not None and not proof.problems
    return "complete" if rollout.halting.halted is None and proven else "failed"
