"""Which plan may run: plan afresh for each way it could have been approved, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from entrypoint.fleet.marks import read_marks
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.run import Gate, Inputs
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy import Policy
from entrypoint.modes.image import deployed_image
from entrypoint.modes.ports import Images
from entrypoint.modes.reviewed import Reviewed
from entrypoint.planning.make import Resume, make_plan, resume_digest, resume_record
from entrypoint.planning.model.plan import Image, ImageSource, Plan
from entrypoint.planning.review.approval import Drift, Verdict, approve, approve_digest, approve_ungated
from entrypoint.planning.settings import Overrides

LIVE_IMAGE = Image(ref=None, digest=None, source=ImageSource.LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The plan that would run now, and whether it may. `reviewed` is the plan it was compared with last."""

    plan: Plan
    verdict: Verdict
    reviewed: Reviewed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planner:
    """Everything make_plan needs but the image and the plan to resume."""

    manifest: Manifest
    policy: Policy
    overrides: Overrides
    fleet: Fleet

    def make(self, image: Image, *, resume: Resume | None = None) -> Plan:
        """The plan for one image."""
        return make_plan(
            self.manifest,
            policy=self.policy,
            overrides=self.overrides,
            fleet=self.fleet,
            image=image,
            resume=resume,
        )


async def decide(
    planner: Planner,
    *,
    inputs: Inputs,
    images: Images,
    reviewed: Sequence[Reviewed],
    reasons: tuple[str, ...],
) -> Decision:
    """The first way that approves wins. `reasons` tell why there is no reviewed plan, or not more of them."""
    if inputs.gate is Gate.NONE:
        image = await deployed_image(inputs, planner.manifest, images, reviewed=None)
        return _ungated(planner, image or LIVE_IMAGE)
    if inputs.approve is not None:
        image = await deployed_image(inputs, planner.manifest, images, reviewed=None)
        plan = planner.make(image or LIVE_IMAGE, resume=resume_digest(inputs.approve))
        return Decision(plan=plan, verdict=approve_digest(plan, digest=inputs.approve), reviewed=None)
    refused: Decision | None = None
    for candidate in reviewed:
        refused = await _compare(planner, candidate, inputs=inputs, images=images)
        if not isinstance(refused.verdict, Drift):
            return refused
    if refused is not None:
        return refused
    image = await deployed_image(inputs, planner.manifest, images, reviewed=None)
    plan = planner.make(image or LIVE_IMAGE)
    return Decision(
        plan=plan, verdict=Drift(reviewed=None, current=plan.digests.plan, moved=reasons), reviewed=None
    )


async def _compare(planner: Planner, candidate: Reviewed, *, inputs: Inputs, images: Images) -> Decision:
    """One reviewed plan against the one that would run now."""
    record = candidate.record
    image = await deployed_image(inputs, planner.manifest, images, reviewed=record)
    if image is None:
        plan = planner.make(LIVE_IMAGE)
        moved = "image: the plan was made with image: built-on-merge, and this run gives no image"
        drift = Drift(reviewed=record.digests.plan, current=plan.digests.plan, moved=(moved,))
        return Decision(plan=plan, verdict=drift, reviewed=candidate)
    plan = planner.make(image, resume=resume_record(record))
    verdict = approve(plan, reviewed=record, by=f"#{candidate.pull}")
    if isinstance(verdict, Drift) and not image.sealed:
        # A person who approves it names the image: the digest to name is that of the plan with it.
        plan = planner.make(replace(image, sealed=True))
        verdict = replace(verdict, current=plan.digests.plan)
    return Decision(plan=plan, verdict=verdict, reviewed=candidate)


def _ungated(planner: Planner, image: Image) -> Decision:
    """Without a gate the marks on the machines tell which plan an interrupted run was executing."""
    for digest in sorted({marks.plan for m in planner.fleet.machines if (marks := read_marks(m))}):
        plan = planner.make(image, resume=resume_digest(digest))
        if plan.digests.plan == digest and plan.has_changes:
            return Decision(plan=plan, verdict=approve_ungated(plan), reviewed=None)
    plan = planner.make(image)
    return Decision(plan=plan, verdict=approve_ungated(plan), reviewed=None)
