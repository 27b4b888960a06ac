"""The second half of `deploy`: decide on what was read, and roll out. Imported while the requests are answered (modes/loading.py).

The modules that report how it ended are imported during the rollout, which mostly waits.
"""

from __future__ import annotations

from functools import partial

from entrypoint.concurrency import watched
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Gate
from entrypoint.modes.case import Case
from entrypoint.modes.consent import agrees
from entrypoint.modes.decision import Decision, decide
from entrypoint.modes.done import leave_done_mark
from entrypoint.modes.loading import ENDED, FIRST_WRITES, load
from entrypoint.modes.result import Result
from entrypoint.modes.token import check_token
from entrypoint.modes.world import Fly
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.approval import ApprovedPlan
from entrypoint.report.plan.headline import headline
from entrypoint.rollout.execute import execute
from entrypoint.rollout.left_behind import remove_left


async def finish(case: Case, fly: Fly, *, writes: bool) -> Result:
    """Everything that follows the reading. Without `writes`, only say whether the plan would run."""
    decision = await decide(case)
    if writes and isinstance(decision.verdict, ApprovedPlan):
        return await _execute(decision.verdict, decision, case, fly)
    from entrypoint.modes.not_executed import say_why

    return await say_why(decision, case, writes=writes)


async def _execute(approved: ApprovedPlan, decision: Decision, case: Case, fly: Fly) -> Result:
    plan, world = approved.plan, case.world
    progress = world.progress()
    by = f"{case.run.actor} with the approve input" if decision.is_approved else approved.by
    progress.begin(plan, by=by, headline=headline(plan))
    if not plan.has_changes and not plan.resumes:
        # The mark comes first, so that a run that waits for the lock finds it.
        await _mark_done(plan, case, fly, wrote=False)
        await remove_left(fly.machines, case.planner.fleet, key=case.key.hash)
        from entrypoint.modes.ended import say_nothing_to_do

        return await say_nothing_to_do(plan, case)
    check_token(case.token, plan, now=case.run.started_at)
    if case.inputs.gate is Gate.NONE and not await agrees(plan, case.findings, case.inputs.look, world):
        world.console.note("Not deployed: the answer was not yes. Nothing was written.")
        return Result(exit_code=ExitCode.HALTED, outputs={"result": "cancelled"})
    go = partial(
        execute,
        approved,
        machines=fly.machines,
        releases=fly.releases,
        progress=progress,
        stop=world.stop,
        probe=None if plan.verify is None else world.probe(),
    )
    outcome = await watched(go, _prepare_the_end)
    if outcome.succeeded:
        await _mark_done(plan, case, fly, wrote=True)
        await remove_left(fly.machines, case.planner.fleet, key=case.key.hash)
    from entrypoint.modes.ended import say_outcome

    return await say_outcome(outcome, case, fly, by=by, pulls=decision.pulls or case.brought)


async def _prepare_the_end() -> None:
    """Load and compile what says how it ended, while the rollout waits."""
    await load(ENDED, after=FIRST_WRITES)
    from entrypoint.report.outcome.comment import TEMPLATE
    from entrypoint.report.text.markdown import prepare

    prepare(TEMPLATE)


async def _mark_done(plan: Plan, case: Case, fly: Fly, *, wrote: bool) -> None:
    """Mark the whole app as being at this commit, unless this deployed a part and left something out."""
    if plan.leaves_out:
        case.world.console.note(
            "done      not marked as deployed: groups or regions that were left out still have changes"
        )
        return
    await leave_done_mark(fly.machines, case.marks, case.world.console, contained=case.contained, wrote=wrote)
