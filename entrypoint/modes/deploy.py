"""deploy: plan again, check that every change was reviewed, execute it, and say how it ended. check: the same, without writing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import assert_never

from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.findings import has_errors
from entrypoint.kernel.run import Gate, Inputs, Look, RunContext
from entrypoint.modes import endings
from entrypoint.modes.case import Case, observe, read_deployed
from entrypoint.modes.consent import agrees
from entrypoint.modes.done import leave_done_mark
from entrypoint.modes.gate import Decision, decide
from entrypoint.modes.logs import tell_logs
from entrypoint.modes.outcomes import post_outcome
from entrypoint.modes.publish import Ending, publish
from entrypoint.modes.result import Result
from entrypoint.modes.source import app_name
from entrypoint.modes.token import check_token
from entrypoint.modes.validate import present_findings
from entrypoint.modes.world import Fly, World
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.approval import ApprovedPlan, Blocked
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.items import ItemKind
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.refusal import refusal_text
from entrypoint.report.plan.terminal import halt_text, plan_text
from entrypoint.report.plan.views import headline
from entrypoint.rollout.execute import execute
from entrypoint.rollout.left_behind import remove_left

_MOST_TOLD = 5
"""Pull requests that are told how a deploy ended: the newest ones that it brought."""


async def deploy(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Exit 0 deployed, nothing to do or superseded, 1 findings, 3 blocked, 4 not reviewed, 5 halted."""
    return await _run(inputs, run, world, writes=True)


async def check(inputs: Inputs, run: RunContext, world: World) -> Result:
    """Whether `deploy` would run, for a merge queue: the same exit codes, nothing written."""
    return await _run(inputs, run, world, writes=False)


async def _run(inputs: Inputs, run: RunContext, world: World, *, writes: bool) -> Result:
    source = read_deployed(inputs, run, world)
    manifest = source.reading.manifest
    if manifest is None or has_errors(source.findings):
        present_findings(source, inputs, run, console=world.console)
        return Result(exit_code=ExitCode.FINDINGS, outputs={"changes": "false", "result": "invalid"})
    world.console.annotate(source.findings)
    async with world.fly(app_name(inputs, manifest)) as fly:
        case = await observe(inputs, run, world, source, fly=fly)
        decision = await decide(case)
        match decision.verdict:
            case Superseded() as verdict:
                return await _publish(endings.superseded(decision.plan, case.findings, run, verdict), case)
            case NotReviewed() as verdict if not writes and _is_built_later(verdict):
                if decision.plan.blockers:
                    return await _block(decision, case)
                return await _publish(endings.reviewed(decision.plan, case.findings, run), case)
            case NotReviewed() as verdict:
                return await _refuse(decision, verdict, case)
            case Blocked():
                return await _block(decision, case)
            case ApprovedPlan() as approved if writes:
                return await _execute(approved, decision, case, fly)
            case ApprovedPlan():
                return await _publish(endings.reviewed(decision.plan, case.findings, run), case)
            case _:
                assert_never(decision.verdict)


def _is_built_later(verdict: NotReviewed) -> bool:
    """In a merge queue: the image is built on the push that follows, and that push's own check sees it."""
    return all(item.kind is ItemKind.IMAGE_MISSING for item in verdict.items)


async def _refuse(decision: Decision, verdict: NotReviewed, case: Case) -> Result:
    case.world.console.fail(refusal_text(decision.plan, verdict, case.run))
    ending, answer = endings.not_reviewed(decision.plan, case.findings, case.run, verdict)
    return await _publish(ending, case, answer=answer, pulls=case.brought)


async def _block(decision: Decision, case: Case) -> Result:
    case.world.console.annotate(decision.plan.blockers)
    case.world.console.note(plan_text(decision.plan, case.findings, look=Look()))
    ending, answer = endings.blocked(decision.plan, case.findings, case.run)
    return await _publish(ending, case, answer=answer, pulls=case.brought)


async def _execute(approved: ApprovedPlan, decision: Decision, case: Case, fly: Fly) -> Result:
    plan, world = approved.plan, case.world
    progress = world.progress()
    by = f"{case.run.actor} with the approve input" if decision.is_approved else approved.by
    progress.begin(plan, by=by, headline=headline(plan))
    if not plan.has_changes and not plan.resumes:
        await _mark_done(plan, case, fly, wrote=False)  # first: whoever waits for the lock must find it
        await remove_left(fly.machines, case.planner.fleet)
        return await _publish(endings.nothing_to_do(plan, case.findings, case.run), case)
    check_token(case.token, plan, now=case.run.started_at)
    if case.inputs.gate is Gate.NONE and not await agrees(plan, case.findings, case.inputs.look, world):
        world.console.note("Not deployed: the answer was not yes. Nothing was written.")
        return Result(exit_code=ExitCode.HALTED, outputs={"result": "cancelled"})
    outcome = await execute(
        approved,
        machines=fly.machines,
        releases=fly.releases,
        progress=progress,
        stop=world.stop,
        probe=world.probe(),
        commit=case.run.sha or None,
        key=f"{case.key.config}@{case.key.environment}",
    )
    if outcome.halted is not None:
        world.console.fail(halt_text(outcome.halted), hint=outcome.halted.hint)
        if fly.logs is not None and case.planner.policy.logs:
            await tell_logs(fly.logs, outcome, world.console)
    elif outcome.succeeded:
        await _mark_done(plan, case, fly, wrote=True)
        await remove_left(fly.machines, case.planner.fleet)
    ending = endings.ended(outcome, case.findings, case.run, by=by)
    pulls = decision.pulls or case.brought
    return await _publish(ending, case, answer=ending.markdown, pulls=pulls)


async def _mark_done(plan: Plan, case: Case, fly: Fly, *, wrote: bool) -> None:
    """The mark says that the whole app is at this commit: a deploy of a part that leaves something out says nothing of the kind."""
    if plan.leaves_out:
        case.world.console.note(
            "done      not marked as deployed: groups or regions that were left out still have changes"
        )
        return
    await leave_done_mark(fly.machines, case.marks, case.world.console, contained=case.contained, wrote=wrote)


async def _publish(ending: Ending, case: Case, *, answer: str = "", pulls: Sequence[int] = ()) -> Result:
    """`pulls` are told the answer."""
    github = case.world.github
    if github is None:  # then no pull request is known, either
        return await publish(ending, case.inputs, case.run, case.world.console, comment=None)
    tell = partial(
        post_outcome,
        github,
        case.world.console,
        pulls=pulls[:_MOST_TOLD],
        key=case.key,
        run_id=case.run.run_id,
        text=answer,
    )
    return await publish(ending, case.inputs, case.run, case.world.console, comment=tell)
