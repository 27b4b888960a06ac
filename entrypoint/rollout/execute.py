"""Execute an approved plan: release command, leases, recheck, stages, rollback, proof. It decides nothing.

release_command ─► leases on every machine touched ─► recheck under lease ─► stages ─► leases back ─► proof
                                                                        └► on failure: rollback ─┘
"""

from __future__ import annotations

from dataclasses import replace

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.kernel.run import OnFailure
from entrypoint.planning.review.approval import ApprovedPlan
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.lanes import run_stages
from entrypoint.rollout.leases import Leases, kept
from entrypoint.rollout.outcome import (
    Halted,
    HaltKind,
    Outcome,
    Proof,
    ReleaseResult,
    RolledBack,
    StepResult,
    Verdict,
)
from entrypoint.rollout.ports import Lease, Machines, Releases
from entrypoint.rollout.progress import Progress
from entrypoint.rollout.proof import prove
from entrypoint.rollout.recheck import recheck
from entrypoint.rollout.release_command import release_failed, run_release
from entrypoint.rollout.rollback import roll_back, undone
from entrypoint.rollout.steps import existing_machine

_UNDOABLE = (HaltKind.UNHEALTHY, HaltKind.REFUSED)
INTERRUPTED_WITHIN = 0.5
"""Seconds for a cancelled run to say so in the release record; the leases before it took up to 3 of its 6."""


async def execute(
    approved: ApprovedPlan,
    *,
    machines: Machines,
    releases: Releases | None,
    progress: Progress,
    stop: anyio.Event,
) -> Outcome:
    """Run the plan to its end, or stop safely. `stop` is set by SIGINT and SIGTERM."""
    plan = approved.plan
    rollout = Rollout(
        plan=plan,
        machines=machines,
        progress=progress,
        leases=Leases(machines),
        begun=anyio.current_time(),
        marks=approved.marks,
    )
    rollout.running.update({group.name: group.running for group in plan.groups})
    run = _Run(rollout, releases=releases)
    async with anyio.create_task_group() as signals:
        signals.start_soon(rollout.stop_on, stop)
        try:
            await run.go()
            await run.undo()
        finally:
            left = await rollout.leases.release()
        await run.prove()
        signals.cancel_scope.cancel()
    return await run.conclude(leases_left=left)


class _Run:
    """The phases of one rollout, in order."""

    def __init__(self, rollout: Rollout, *, releases: Releases | None) -> None:
        self._rollout = rollout
        self._releases = releases
        self._release: ReleaseResult | None = None
        self._rolled_back: tuple[RolledBack, ...] = ()
        self._proof: Proof | None = None

    async def go(self) -> None:
        """Everything up to the last gate, or the first failure."""
        rollout = self._rollout
        with rollout.scope:
            await self._open_release()
            if await self._run_release_command():
                async with kept(rollout.leases, on_lost=self._lost):
                    if await self._lease():
                        await run_stages(rollout)

    async def undo(self) -> None:
        """Roll back where the policy asks for it."""
        rollout = self._rollout
        with rollout.aftermath:
            if self._is_to_be_undone():
                rollout.progress.say("rollback", "putting back what was touched")
                try:
                    async with kept(rollout.leases, on_lost=self._lost):
                        await roll_back(rollout)
                finally:
                    self._rolled_back = undone(rollout, interrupted=rollout.aftermath.cancel_called)

    async def prove(self) -> None:
        """Compare the fleet with the plan; after a failure there is nothing to prove."""
        rollout = self._rollout
        if rollout.halted is not None:
            return
        with rollout.proving:
            try:
                self._proof = await prove(rollout)
            except FleetError as error:
                self._proof = Proof(
                    verified=0, expected=0, problems=(f"the fleet could not be read: {error}",)
                )
            text = f"{self._proof.verified} of {self._proof.expected} machines run as planned"
            rollout.progress.say("proof", text, ok=not self._proof.problems)

    async def conclude(self, *, leases_left: int) -> Outcome:
        """The outcome, and the end of the release record."""
        rollout = self._rollout
        if self._releases is not None and rollout.release is not None:
            within = INTERRUPTED_WITHIN if self._was_cancelled else float("inf")
            with anyio.move_on_after(within):
                await self._releases.close(rollout.release, status=self._status)
        return Outcome(
            plan=rollout.plan,
            results=(*rollout.results, *self._never_begun()),
            release=self._release,
            halted=self._halted,
            rolled_back=self._rolled_back,
            proof=self._proof,
            leases_left=leases_left,
            lowest_running=tuple(
                (group.name, rollout.lowest[group.name], group.running)
                for group in rollout.plan.groups
                if group.name in rollout.lowest
            ),
            seconds=anyio.current_time() - rollout.begun,
            release_version=rollout.release.version if rollout.release else None,
        )

    def _is_to_be_undone(self) -> bool:
        halted, plan = self._rollout.halted, self._rollout.plan
        undoable = halted is not None and halted.kind in _UNDOABLE and bool(self._rollout.touched)
        return undoable and plan.on_failure is OnFailure.ROLLBACK

    @property
    def _was_cancelled(self) -> bool:
        halted = self._rollout.halted
        return halted is not None and halted.kind is HaltKind.CANCELLED

    @property
    def _halted(self) -> Halted | None:
        halted, machine = self._rollout.halted, self._rollout.releasing
        if halted is None or machine is None or halted.kind is not HaltKind.CANCELLED:
            return halted
        still = f"The release command still runs on machine {machine}. A new run waits for it and goes on from there."
        return replace(halted, detail=(*halted.detail, still))

    @property
    def _status(self) -> str:
        """The release record's last word (flyctl-deploy §1.8)."""
        if self._was_cancelled:
            return "interrupted"
        proven = self._proof is not None and not self._proof.problems
        return "complete" if self._rollout.halted is None and proven else "failed"

    async def _open_release(self) -> None:
        rollout = self._rollout
        if self._releases is not None and rollout.plan.has_changes:
            rollout.release = await self._releases.open(
                image=rollout.plan.image.ref or next(iter(rollout.plan.live_images), ""),
                strategy=rollout.plan.strategy,
                definition=rollout.plan.definition,
            )

    async def _run_release_command(self) -> bool:
        """Whether the rollout may go on."""
        rollout, run = self._rollout, self._rollout.plan.release
        if run is None or rollout.plan.resumes:
            return True
        try:
            self._release = await run_release(rollout, run)
        except FleetError as error:
            rollout.halt(
                Halted(
                    kind=HaltKind.REFUSED,
                    message=f"The release command could not be run: {error}",
                    hint=error.hint,
                )
            )
            return False
        ok = self._release.exit_code == 0
        rollout.progress.say("release", run.command, ok=ok, seconds=self._release.seconds)
        if not ok:
            rollout.halt(release_failed(self._release))
        return ok

    async def _lease(self) -> bool:
        """Take all leases and look again; whether the fleet is still the planned one."""
        rollout = self._rollout
        wanted = [
            machine for _, step in rollout.plan.steps() if (machine := existing_machine(step)) is not None
        ]
        try:
            await rollout.leases.acquire(wanted, description=f"flightplan {rollout.digest[:12]}")
            moved = await recheck(rollout)
        except FleetError as error:
            rollout.halt(Halted(kind=HaltKind.REFUSED, message=str(error), hint=error.hint))
            return False
        if moved:
            rollout.halt(
                Halted(
                    kind=HaltKind.DRIFT,
                    message="The fleet changed after this plan was made. No machine was touched.",
                    detail=moved,
                    hint="Run the workflow again: it plans afresh.",
                )
            )
        return not moved

    def _lost(self, lease: Lease, error: FleetError) -> None:
        self._rollout.halt(
            Halted(
                kind=HaltKind.REFUSED,
                message=f"The lease on machine {lease.machine} was lost: {error}",
                hint="Somebody else works on this app. Run the workflow again when they are done.",
                machine=lease.machine,
            )
        )

    def _never_begun(self) -> list[StepResult]:
        begun = {id(result.step) for result in self._rollout.results}
        return [
            StepResult(
                step=step,
                wave=number,
                machine=existing_machine(step),
                verdict=Verdict.SKIPPED,
                why="never begun",
            )
            for number, step in self._rollout.plan.steps()
            if id(step) not in begun
        ]
