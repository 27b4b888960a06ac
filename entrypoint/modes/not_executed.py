"""Report why a deploy did not execute its plan; in a merge queue, whether it would."""

from __future__ import annotations

from typing import assert_never

from entrypoint.kernel.run import Look
from entrypoint.modes import endings
from entrypoint.modes.case import Case
from entrypoint.modes.decision import Decision
from entrypoint.modes.ended import say
from entrypoint.modes.result import Result
from entrypoint.planning.review.approval import ApprovedPlan, Blocked
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.items import ItemKind
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.refusal import refusal_text
from entrypoint.report.plan.terminal import plan_text


async def say_why(decision: Decision, case: Case, *, writes: bool) -> Result:
    """Exit 0 where the plan is superseded or a deploy would execute it, 3 blocked, 4 not reviewed. `writes` is True in a deploy."""
    match decision.verdict:
        case Superseded() as verdict:
            return await say(endings.superseded(decision.plan, case.findings, case.run, verdict), case)
        case NotReviewed() as verdict if writes or not _is_built_later(verdict):
            return await _refuse(decision, verdict, case)
        case NotReviewed() | ApprovedPlan() if not decision.plan.blockers:
            return await say(endings.reviewed(decision.plan, case.findings, case.run), case)
        case NotReviewed() | ApprovedPlan() | Blocked():
            return await _block(decision, case)
        case _:
            assert_never(decision.verdict)


def _is_built_later(verdict: NotReviewed) -> bool:
    """Whether, in a merge queue, only the image is missing: it is built on the push that follows, and that push checks it."""
    return all(item.kind is ItemKind.IMAGE_MISSING for item in verdict.items)


async def _refuse(decision: Decision, verdict: NotReviewed, case: Case) -> Result:
    case.world.console.fail(refusal_text(decision.plan, verdict, case.run))
    ending, answer = endings.not_reviewed(decision.plan, case.findings, case.run, verdict)
    return await say(ending, case, answer=answer, pulls=case.brought)


async def _block(decision: Decision, case: Case) -> Result:
    case.world.console.annotate(decision.plan.blockers)
    case.world.console.note(plan_text(decision.plan, case.findings, look=Look()))
    ending, answer = endings.blocked(decision.plan, case.findings, case.run)
    return await say(ending, case, answer=answer, pulls=case.brought)
