"""Execute an approved plan. It decides nothing.

preflight ─► lock ─► recheck ─► snapshots ─► release row ─► release command ─► leases ─► recheck ─► stages ─► leases back ─► verify ─► proof ─► lock back
                                                                             └► on failure: rollback ─┘       └► rollback

Where the leases are the lock, they are taken before the release row. Where the last stage has no way back, verify comes before it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import assert_never

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import LockKind
from entrypoint.planning.model.steps import leased_throughout, machine_of
from entrypoint.planning.review.approval import ApprovedPlan
from entrypoint.rollout.addresses import allocate_addresses
from entrypoint.rollout.conclude import conclude
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.growth import grow_volumes
from entrypoint.rollout.lanes import run_stages
from entrypoint.rollout.leases import kept
from entrypoint.rollout.lock import give_back_lock, take_lock
from entrypoint.rollout.outcome import Halted, HaltKind, Outcome, Proof, RolledBack, Verified
from entrypoint.rollout.ports import Lease, Machines, Probe, Releases
from entrypoint.rollout.preflight import preflight
from entrypoint.rollout.progress import Progress
from entrypoint.rollout.proof import prove
from entrypoint.rollout.recheck import recheck
from entrypoint.rollout.release_command import release_failed, run_release
from entrypoint.rollout.release_mark import record_again
from entrypoint.rollout.routing import put_back_left
from entrypoint.rollout.snapshots import take_snapshots
from entrypoint.rollout.so_far import so_far
from entrypoint.rollout.undo import roll_back, undone
from entrypoint.rollout.undoable import is_to_be_undone
from entrypoint.rollout.verify import verify


async def execute(
    approved: ApprovedPlan,
    *,
    machines: Machines,
    releases: Releases | None,
    progress: Progress,
    stop: anyio.Event,
    probe: Probe | None = None,
    commit: str | None = None,
    key: str = "",
) -> Outcome:
    """Run the plan to its end, or stop safely. `stop` is set by SIGINT and SIGTERM.

    `commit` is what is deployed, None on a laptop; `key` tells two deploys of one app apart. Together they say which release
    command has run already. Where the approval brings the marks of a run, its commit and key are meant.
    """
    rollout = begin(
        approved.plan,
        machines=machines,
        progress=progress,
        commit=approved.marks.commit.commit if approved.marks else commit,
        key=approved.marks.commit.key if approved.marks else key,
        marks=approved.marks,
    )
    run = _Run(rollout, releases=releases, probe=probe)
    async with anyio.create_task_group() as signals:
        signals.start_soon(rollout.halting.stop_on, stop)
        try:
            async with kept(rollout.leases, on_lost=run.lost):
                await run.go()
                await run.verify()
                await run.prove()
                await run.undo()
        finally:
            left = await run.let_go()
        signals.cancel_scope.cancel()
    return await conclude(
        rollout,
        releases=releases,
        rolled_back=run.rolled_back,
        proof=run.proof,
        verified=run.verified,
        leases_left=left,
    )


class _Run:
    """The phases of one rollout, in order."""

    def __init__(self, rollout: Rollout, *, releases: Releases | None, probe: Probe | None) -> None:
        self._rollout = rollout
        self._releases = releases
        self._probe = probe
        self._lock: MachineId | None = None
        self.rolled_back: tuple[RolledBack, ...] = ()
        self.proof: Proof | None = None
        self.verified: Verified | None = None

    async def go(self) -> None:
        """Everything up to the last gate, or the first failure."""
        rollout = self._rollout
        with rollout.halting.work:
            if await self._secure():
                await run_stages(rollout, ask=self._ask)
        if rollout.halting.halted is None:
            await rollout.leases.release(self._leased())

    async def verify(self) -> None:
        """Ask the app itself, after the last gate, unless a stage has. A breach halts the rollout."""
        if self._rollout.halting.halted is None and not self._rollout.plan.asks_between:
            await self._ask()

    async def _ask(self) -> None:
        with self._rollout.halting.verifying:
            self.verified = await verify(self._rollout, self._probe)

    async def prove(self) -> None:
        """Compare the fleet with the plan; after a failure there is nothing to prove."""
        rollout = self._rollout
        if rollout.halting.halted is not None:
            return
        with rollout.halting.proving:
            try:
                self.proof = await prove(rollout)
            except FleetError as error:
                problem = f"the fleet could not be read: {error}"
                self.proof = Proof(verified=0, expected=0, problems=(problem,))
            text = f"{self.proof.verified} of {self.proof.expected} machines run as planned"
            rollout.progress.say("proof", text, ok=not self.proof.problems)

    async def undo(self) -> None:
        """Roll back where the policy asks for it: after a failed gate, a refusal, or a proof that what was written failed."""
        rollout = self._rollout
        with rollout.halting.undoing:
            if is_to_be_undone(rollout, self.proof):
                rollout.progress.say("rollback", "putting back what was touched")
                try:
                    await roll_back(rollout)
                    await record_again(rollout)
                finally:
                    interrupted = rollout.halting.undoing.cancel_called
                    self.rolled_back = undone(rollout, interrupted=interrupted)

    async def let_go(self) -> int:
        """Give back what was drained, lock and leases, whatever happened. How many leases are not surely free."""
        rollout, gone = self._rollout, True
        await put_back_left(rollout)

        async def unlock() -> None:
            nonlocal gone
            if self._lock is not None:
                gone = await give_back_lock(rollout, self._lock)

        left = 0
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                group.start_soon(unlock)
                left = await rollout.leases.release(self._leased())
            left += await rollout.leases.release()  # a lock that could not be deleted
        return left + (0 if gone else 1)

    def _leased(self) -> list[MachineId]:
        """The machines of the app that we hold leases on."""
        return [held.machine for held in self._rollout.leases.held() if held.machine != self._lock]

    def lost(self, lease: Lease, error: FleetError) -> None:
        """A lease was taken from us."""
        what = "the app's lock" if lease.machine == self._lock else f"the lease on machine {lease.machine}"
        self._rollout.halting.halt(
            Halted(
                kind=HaltKind.REFUSED,
                message=f"{what[0].upper()}{what[1:]} was lost: {error}",
                hint="Somebody else works on this app. Run the workflow again when they are done.",
                machine=None if lease.machine == self._lock else lease.machine,
            )
        )

    async def _secure(self) -> bool:
        """Everything before the first write to a machine; whether the rollout may go on."""
        for step in (self._preflight, *self._in_order(self._rollout.plan.lock)):
            try:
                if not await step():
                    return False
            except FleetError as error:
                self._refuse(str(error), hint=error.hint)
                return False
        return True

    def _in_order(self, lock: LockKind) -> Sequence[Callable[[], Awaitable[bool]]]:
        match lock:
            case LockKind.MACHINE:
                return (
                    self._take_lock,
                    self._recheck,
                    self._save,
                    self._open_row,
                    self._release,
                    self._lease,
                    self._prepare,
                )
            case LockKind.LEASES:
                return (self._lease, self._save, self._open_row, self._prepare)
            case _:
                assert_never(lock)

    async def _preflight(self) -> bool:
        return self._is_as_planned(await preflight(self._rollout))

    async def _take_lock(self) -> bool:
        self._lock = await take_lock(self._rollout)
        return True

    async def _recheck(self) -> bool:
        moved, _ = await recheck(self._rollout)
        return self._is_as_planned(moved)

    async def _lease(self) -> bool:
        """Take the leases that last to the end, and look again."""
        rollout = self._rollout
        wanted = [
            machine.id
            for _, step in rollout.plan.steps()
            if leased_throughout(step) and (machine := machine_of(step)) is not None
        ]
        await rollout.leases.acquire(wanted, description=rollout.job.description)
        return await self._recheck()

    def _is_as_planned(self, moved: tuple[str, ...]) -> bool:
        if moved:
            self._rollout.halting.halt(
                Halted(
                    kind=HaltKind.DRIFT,
                    message=f"The fleet changed after this plan was made. {so_far(self._rollout)}",
                    detail=moved,
                    hint="Run the workflow again: it makes a new plan.",
                )
            )
        return not moved

    def _refuse(self, why: str, *, hint: str) -> None:
        why = why if why.endswith(".") else f"{why}."
        self._rollout.halting.halt(
            Halted(kind=HaltKind.REFUSED, message=f"{why} {so_far(self._rollout)}", hint=hint)
        )

    async def _save(self) -> bool:
        if self._rollout.plan.has_changes:
            await take_snapshots(self._rollout)
        return True

    async def _prepare(self) -> bool:
        await allocate_addresses(self._rollout)
        return await grow_volumes(self._rollout)

    async def _open_row(self) -> bool:
        rollout = self._rollout
        if self._releases is not None and rollout.plan.has_changes:
            rollout.release.row = await self._releases.open(
                image=rollout.plan.image.ref or next(iter(rollout.plan.live_images), ""),
                strategy=rollout.plan.strategy,
                definition=rollout.plan.definition,
            )
        return True

    async def _release(self) -> bool:
        rollout, run = self._rollout, self._rollout.plan.release
        if run is None or not rollout.plan.has_changes:
            return True
        result = rollout.release.result = await run_release(rollout, run)
        ok = result.exit_code == 0
        rollout.progress.say("release", run.command, ok=ok, seconds=result.seconds)
        if not ok:
            rollout.halting.halt(release_failed(result))
        return ok
