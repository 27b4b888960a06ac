"""Which plan would run now, and whether it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from entrypoint.fleet.marks import read_marks
from entrypoint.modes.case import Case
from entrypoint.modes.planner import Planner
from entrypoint.modes.unfinished import is_unfinished
from entrypoint.planning.make import resume_digest
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.approval import ApprovedPlan, Blocked, approve_ungated

if TYPE_CHECKING:  # a deploy without a gate has no use for them
    from entrypoint.planning.review.forwards import Superseded
    from entrypoint.planning.review.rules import NotReviewed

Verdict: TypeAlias = "ApprovedPlan | Blocked | NotReviewed | Superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The plan that would run now, and whether it may. `pulls` are the pull requests whose reviews let it run."""

    plan: Plan
    verdict: Verdict
    pulls: tuple[int, ...] = ()
    is_approved: bool = False
    """Whether the input `approve` let it run."""


async def decide(case: Case) -> Decision:
    """Without a gate, the plan made now may run. With one, `modes/gate.py` decides."""
    if case.past is not None:
        from entrypoint.modes.gate import decide_by_reviews

        return await decide_by_reviews(case, case.past)
    assert case.named is not None, "without a gate no reviewed image is waited for"
    plan = plan_of_now(case.planner, case.named.image)
    return Decision(plan=plan, verdict=approve_ungated(plan, marks=case.marks))


def plan_of_now(planner: Planner, image: Image) -> Plan:
    """The plan made now. It resumes an interrupted run, known by its marks on the machines, where that run executed this very plan."""
    for digest in sorted({marks.plan for m in planner.fleet.machines if (marks := read_marks(m))}):
        plan = planner.make(image, resume=resume_digest(digest))
        if plan.digests.plan == digest and (plan.has_changes or is_unfinished(plan, planner.fleet)):
            return plan
    return planner.make(image)
