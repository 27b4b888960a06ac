"""Report why a deploy did not execute its plan; in a merge queue, whether it would."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from entrypoint.kernel.run import Look
from entrypoint.modes import endings
from entrypoint.modes.case import Case
from entrypoint.modes.decision import Decision
from entrypoint.modes.ended import say
from entrypoint.modes.result import Result
from entrypoint.planning.review.approval import ApprovedPlan, Blocked
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.merge_queue import stops_a_merge
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.merge_refusal import merge_refusal_text
from entrypoint.report.outcome.refusal import refusal_text
from entrypoint.report.plan.terminal import plan_text


async def say_why(decision: Decision, case: Case, *, writes: bool) -> Result:
    """Exit 0 where the plan is superseded or a deploy would execute it, 3 blocked, 4 not reviewed. `writes` is True in a deploy."""
    match decision.verdict:
        case Superseded() as verdict:
            return await say(endings.superseded(decision.plan, case.findings, case.run, verdict), case)
        case NotReviewed() as verdict if writes:
            return await _refuse(decision, verdict, case)
        case NotReviewed() as verdict if items := stops_a_merge(verdict.items):
            return await _refuse_merge(decision, replace(verdict, items=items), case)
        case NotReviewed() | ApprovedPlan() if not decision.plan.blockers:
            return await say(endings.reviewed(decision.plan, case.findings, case.run), case)
        case NotReviewed() | ApprovedPlan() | Blocked():
            return await _block(decision, case, writes=writes)
        case _:
            assert_never(decision.verdict)


async def _refuse(decision: Decision, verdict: NotReviewed, case: Case) -> Result:
    case.world.console.fail(refusal_text(decision.plan, verdict, case.run))
    ending, answer = endings.not_reviewed(decision.plan, case.findings, case.run, verdict)
    return await say(ending, case, answer=answer, pulls=case.brought)


async def _refuse_merge(decision: Decision, verdict: NotReviewed, case: Case) -> Result:
    case.world.console.fail(merge_refusal_text(decision.plan, verdict, waiting=case.waiting))
    ending, answer = endings.not_ready(decision.plan, case.findings, case.run, verdict, waiting=case.waiting)
    return await say(ending, case, answer=answer, pulls=case.waiting)


async def _block(decision: Decision, case: Case, *, writes: bool) -> Result:
    case.world.console.annotate(decision.plan.blockers)
    case.world.console.note(plan_text(decision.plan, case.findings, look=Look()))
    ending, answer = endings.blocked(decision.plan, case.findings, case.run, is_merged=writes)
    return await say(ending, case, answer=answer, pulls=case.brought if writes else case.waiting)
