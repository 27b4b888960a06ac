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
        self._proven = anyio.Event()
        self._completing = anyio.CancelScope()
        self._is_complete = anyio.Event()

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

    async def tell(self) -> None:
        """Set its status to `running` once it is open, and to `complete` once `proven` is called. Nothing waits for this before `close`."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._tell_running)
            with self._completing:
                await self._proven.wait()
                self._telling.cancel()
                await self._send("complete")
            self._is_complete.set()

    def proven(self) -> None:
        """The proof has no problems: the record may be closed while the rollout still gives back what it holds."""
        self._proven.set()

    async def close(self, proof: Proof | None) -> None:
        """Close it with how the rollout ended; if `tell` does that already, wait for it."""
        status = _status(self._rollout, proof)
        if status == "complete" and self._proven.is_set():
            await self._is_complete.wait()
            return
        self._telling.cancel()
        self._completing.cancel()
        within = INTERRUPTED_WITHIN if self._rollout.halting.was_cancelled else float("inf")
        with anyio.move_on_after(within):
            await self._send(status)

    async def _tell_running(self) -> None:
        with self._telling:
            await self._is_open.wait()
            await self._send("running")

    async def _send(self, status: str) -> None:
        row = self._rollout.release.row
        if self._releases is not None and row is not None:
            await self._releases.close(row, status=status)


def _status(rollout: Rollout, proof: Proof | None) -> str:
    """The final status of the release record, in flyctl's words."""
    if rollout.halting.was_cancelled:
        return "interrupted"
    proven = proof is not None and not proof.problems
    return "complete" if rollout.halting.halted is None and proven else "failed"
