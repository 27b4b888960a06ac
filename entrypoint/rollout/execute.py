"""Execute an approved plan. It decides nothing.

lock, leases ─► recheck (─► snapshots), release row ─► release command ─► recheck ─► stages ─► leases back ─► verify ─► proof, row ─► lock back
                                                                   └► on failure: rollback ─┘       └► rollback

Steps with a comma between them run side by side. If the last stage cannot be undone, verify comes before it.
"""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.review.approval import ApprovedPlan
from entrypoint.rollout.addresses import allocate_addresses
from entrypoint.rollout.conclude import conclude
from entrypoint.rollout.context import Rollout, begin
from entrypoint.rollout.growth import grow_volumes
from entrypoint.rollout.lanes import run_stages
from entrypoint.rollout.leases import kept
from entrypoint.rollout.lock import give_back_lock
from entrypoint.rollout.outcome import Halted, HaltKind, Outcome, Proof, RolledBack, Verified
from entrypoint.rollout.ports import Lease, Machines, Probe, Releases
from entrypoint.rollout.progress import Progress
from entrypoint.rollout.proof import prove
from entrypoint.rollout.recheck import recheck
from entrypoint.rollout.release_command import release_failed, run_release
from entrypoint.rollout.release_mark import record_again
from entrypoint.rollout.release_row import ReleaseRow
from entrypoint.rollout.routing import THERE_IS_TIME, find_drained, put_back_left
from entrypoint.rollout.secure import secure
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
) -> Outcome:
    """Run the plan to its end, or stop safely. `stop`: set by SIGINT and SIGTERM. `probe`: needed for a plan with [verify]."""
    rollout = begin(approved.plan, machines=machines, progress=progress, marks=approved.marks)
    run = _Run(rollout, releases=releases, probe=probe)
    async with anyio.create_task_group() as row:
        row.start_soon(run.row.tell)
        async with anyio.create_task_group() as signals:
            signals.start_soon(rollout.halting.stop_on, stop)
            try:
                async with kept(rollout.leases, on_lost=run.lost):
                    await run.go()
                    await run.verify_and_prove()
                    await run.undo()
                    await run.settle()
            finally:
                left = await run.let_go()
            signals.cancel_scope.cancel()
        await run.row.close(run.proof)
        row.cancel_scope.cancel()
    return conclude(
        rollout,
        rolled_back=run.rolled_back,
        proof=run.proof,
        verified=run.verified,
        leases_left=left,
    )


class _Run:
    """The phases of one rollout, in order."""

    def __init__(self, rollout: Rollout, *, releases: Releases | None, probe: Probe | None) -> None:
        self.row = ReleaseRow(rollout, releases)
        self._rollout = rollout
        self._probe = probe
        self._lock: MachineId | None = None
        self._owes_addresses = bool(rollout.plan.addresses)
        self.rolled_back: tuple[RolledBack, ...] = ()
        self.proof: Proof | None = None
        self.verified: Verified | None = None

    async def go(self) -> None:
        """Everything up to the last gate, or the first failure."""
        rollout = self._rollout
        with rollout.halting.work:
            if await self._secure():
                await run_stages(rollout, ask=self._ask)

    async def verify_and_prove(self) -> None:
        """Give the leases back, make the request to the app unless a stage has done so, and compare the fleet with the plan. A difference
        halts the rollout.

        Without a request to the app, the fleet is compared while the leases are given back.
        """
        rollout = self._rollout
        if rollout.halting.halted is not None:
            return
        if rollout.plan.verify is not None and not rollout.plan.asks_between:
            await self._give_back()
            await self._ask()
            await self.prove()
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._give_back)
            await self.prove()

    async def _give_back(self) -> None:
        """Give the leases back, for as long as they last: there is time for thousands. After a signal, `let_go` does the rest."""
        rollout = self._rollout
        with rollout.halting.giving_back:
            await self._release_leases()

    async def _release_leases(self) -> None:
        leases = self._rollout.leases
        await leases.release(self._leased(), within=float(leases.ttl), shield=False)

    async def _ask(self) -> None:
        with self._rollout.halting.verifying:
            self.verified = await verify(self._rollout, self._probe)

    async def prove(self) -> None:
        """Compare the fleet with the plan, unless the rollout has failed."""
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
            if self.proof.silent:
                text += f"; {len(self.proof.silent)} unchanged, because no host answers"
            rollout.progress.say("proof", text, ok=not self.proof.problems)
            if not self.proof.problems:
                self.row.proven()

    async def undo(self) -> None:
        """Roll back if the policy asks for it: after a failed gate, a refusal, or a proof with problems."""
        rollout = self._rollout
        with rollout.halting.undoing:
            if is_to_be_undone(rollout, self.proof):
                rollout.progress.say("rollback", "restoring what was changed")
                try:
                    await roll_back(rollout)
                    await record_again(rollout)
                finally:
                    interrupted = rollout.halting.undoing.cancel_called
                    self.rolled_back = undone(rollout, interrupted=interrupted)
                    if interrupted:
                        self._name_left()

    def _name_left(self) -> None:
        """After a signal in the rollback, the log names every machine that was not put back, too."""
        for left in self.rolled_back:
            if not (left.restored and left.healthy):
                what = f"{left.action} and not healthy" if left.restored else f"not {left.action}"
                text = f"{left.group} {left.machine} in {left.region} is {what}: {left.why}"
                self._rollout.progress.say("rollback", text, ok=False)

    async def settle(self) -> None:
        """After a halt that nobody asked for there is time: uncordon what was drained, by a killed run too, and give the leases back. What is
        left after a signal is `let_go`'s.
        """
        rollout = self._rollout
        if rollout.halting.halted is None or rollout.halting.was_cancelled:
            return
        with rollout.halting.settling:
            await find_drained(rollout)
            await put_back_left(rollout, within=THERE_IS_TIME, shield=False)
            await self._release_leases()

    async def let_go(self) -> int:
        """Uncordon what was drained, give back lock and leases, whatever happened. Returns how many leases may still be held.

        A first deploy that ends before it has allocated its addresses leaves the lock, without a lease: Fly calls the app deployed from
        the first machine on, and only the lock tells the next run that its first deploy is still to come (planning/addresses.py).
        """
        rollout, gone = self._rollout, True
        await put_back_left(rollout)

        async def unlock() -> None:
            nonlocal gone
            if self._lock is not None and not self._owes_addresses:
                gone = await give_back_lock(rollout, self._lock)

        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                group.start_soon(unlock)
                await rollout.leases.release(self._leased())
            await rollout.leases.release()  # a lock that could not be deleted
        return rollout.leases.left() + (0 if gone else 1)

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
                hint="Somebody else works on this app. Run the deploy again when they are done.",
                machine=None if lease.machine == self._lock else lease.machine,
            )
        )

    async def _secure(self) -> bool:
        """Everything before the first write to a machine. Returns whether the rollout may continue."""
        for step in (self._take, self._recheck_and_open_row, self._release, self._prepare):
            try:
                if not await step():
                    return False
            except FleetError as error:
                self._refuse(str(error), hint=error.hint)
                return False
        return True

    async def _take(self) -> bool:
        return self._is_as_planned(await secure(self._rollout, locked=self._locked))

    def _locked(self, machine: MachineId) -> None:
        self._lock = machine

    async def _recheck_and_open_row(self) -> bool:
        """Check under lock and leases that the fleet is still as planned, and open the release record side by side. If there are snapshots
        to take, these come before the record.
        """
        if self._rollout.plan.snapshots and self._rollout.plan.has_changes:
            moved, _ = await recheck(self._rollout)
            if not self._is_as_planned(moved):
                return False
            await take_snapshots(self._rollout)
            await self.row.open()
            return True
        async with anyio.create_task_group() as group:
            group.start_soon(self.row.open)
            moved, error = await self._moved()
        if error is not None:
            raise error
        return self._is_as_planned(moved)

    async def _moved(self) -> tuple[tuple[str, ...], FleetError | None]:
        try:
            return (await recheck(self._rollout))[0], None
        except FleetError as error:
            return (), error

    def _is_as_planned(self, moved: tuple[str, ...]) -> bool:
        if moved:
            self._rollout.halting.halt(
                Halted(
                    kind=HaltKind.DRIFT,
                    message=f"The fleet changed after this plan was made. {so_far(self._rollout)}",
                    detail=moved,
                    hint="Run the deploy again: it makes a new plan.",
                )
            )
        return not moved

    def _refuse(self, why: str, *, hint: str) -> None:
        why = why if why.endswith(".") else f"{why}."
        self._rollout.halting.halt(
            Halted(kind=HaltKind.REFUSED, message=f"{why} {so_far(self._rollout)}", hint=hint)
        )

    async def _prepare(self) -> bool:
        await allocate_addresses(self._rollout)
        self._owes_addresses = False
        return await grow_volumes(self._rollout)

    async def _release(self) -> bool:
        rollout, run = self._rollout, self._rollout.plan.release
        if run is None or not rollout.plan.has_changes:
            return True
        result = rollout.release.result = await run_release(rollout, run)
        ok = result.exit_code == 0
        rollout.progress.say("release", run.command, ok=ok, seconds=result.seconds)
        if not ok:
            rollout.halting.halt(release_failed(result))
            return False
        return self._is_as_planned((await recheck(rollout))[0])  # it may have taken minutes
