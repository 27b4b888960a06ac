"""Whether a plan was reviewed: applies the rules of the gate (planning/review/rules.py) to what was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.ids import MachineId
from entrypoint.modes.case import Case
from entrypoint.modes.decision import Decision, plan_of_now
from entrypoint.modes.image import deployed_image
from entrypoint.modes.past import Past
from entrypoint.modes.planner import Planner
from entrypoint.modes.revision import Named, read_revision
from entrypoint.planning.make import resume_record
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Destroy, LeaseSpan
from entrypoint.planning.review.approval import approve_allowed
from entrypoint.planning.review.history import History
from entrypoint.planning.review.items import ItemKind
from entrypoint.planning.review.record import Record
from entrypoint.planning.review.rules import Allowed, NotReviewed, image_to_promote, may_run


async def decide_by_reviews(case: Case, past: Past) -> Decision:
    """Approve the plan of now where it equals a reviewed one; else decide by the rules."""
    planner, history, marks = case.planner, past.history, case.marks
    named = await _image(case, past)
    image, facts = named.image, replace(past.facts, revision=named.revision)
    for plan in _reviewed_plans(planner, history, image):
        allowed = may_run(history, plan, facts)
        if isinstance(allowed, Allowed) and allowed.is_equal:
            return _decided(plan, allowed, marks)
    plan = plan_of_now(planner, image)
    decision = may_run(history, plan, facts)
    silent = _silent_not_shown(plan, decision)
    if (
        silent
    ):  # their hosts went down since the review: leave these machines as they are, and deploy the rest
        plan = plan_of_now(replace(planner, left_behind=silent), image)
        decision = may_run(history, plan, facts)
    if isinstance(decision, Allowed):
        return _decided(plan, decision, marks)
    return Decision(plan=plan, verdict=decision)


async def _image(case: Case, past: Past) -> Named:
    """The image that the inputs name, else the one that was reviewed with this very tree."""
    if case.named is not None:
        return case.named
    promoted = image_to_promote(past.history, past.facts)
    image = await deployed_image(case.inputs, case.planner.manifest, case.world.images, promoted=promoted)
    return Named(image=image, revision=await read_revision(image, case.world))


def _silent_not_shown(plan: Plan, decision: object) -> frozenset[MachineId]:
    """Machines whose hosts do not answer and whose replacement no review showed. Nobody approved that replacement, and it can wait."""
    if not isinstance(decision, NotReviewed):
        return frozenset()
    not_shown = [
        item.identity.get("machine")
        for item in decision.items
        if item.kind is ItemKind.DESTRUCTION_NOT_SHOWN and isinstance(item.identity, Mapping)
    ]
    return frozenset(
        step.id
        for _, step in plan.steps()
        if isinstance(step, Destroy)
        and step.replaced
        and step.lease is LeaseSpan.NONE
        and step.id in not_shown
    )


def _decided(plan: Plan, allowed: Allowed, marks: RunMarks | None) -> Decision:
    return Decision(
        plan=plan,
        verdict=approve_allowed(plan, allowed, marks=marks),
        pulls=allowed.pulls,
        is_approved=allowed.is_approved,
    )


def _reviewed_plans(planner: Planner, history: History, image: Image) -> Iterator[Plan]:
    """Plans made now that may equal a reviewed one. One that was reviewed with `built-on-merge` has no image in its digest."""
    reviews = [review.evidence for reviews in history.pulls.values() for review in reviews]
    for record in (evidence for evidence in reviews if isinstance(evidence, Record)):
        asked = replace(image, sealed=False) if not record.image.sealed and image.ref else image
        plan = planner.make(asked, resume=resume_record(record))
        if plan.digests.plan == record.digests.plan:
            yield plan
