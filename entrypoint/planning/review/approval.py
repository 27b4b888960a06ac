"""May this plan run? The one place that makes an ApprovedPlan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, final

from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import Digest
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.review.record import Record
from entrypoint.planning.review.rules import Allowed

_SEAL = object()


@final
class ApprovedPlan:
    """A plan that may be executed. Only `approve` and `approve_ungated` can make one."""

    __slots__ = ("by", "marks", "plan")

    def __init__(self, plan: Plan, *, by: str, seal: object, marks: RunMarks | None = None) -> None:
        if seal is not _SEAL:
            raise TypeError("only planning.review.approval makes approved plans")
        if plan.blockers:
            raise TypeError("a blocked plan cannot be approved")
        self.plan = plan
        self.by = by
        self.marks = marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The plan is not the one that was reviewed. `moved` says what, in sentences; foreign text inside."""

    reviewed: Digest | None
    current: Digest
    moved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """It is the right plan, and it cannot be executed."""

    findings: tuple[Finding, ...]


Verdict: TypeAlias = ApprovedPlan | Drift | Blocked


def approve_allowed(plan: Plan, allowed: Allowed, *, marks: RunMarks | None) -> ApprovedPlan | Blocked:
    """The gate lets it run (review/rules.py). `marks` are what the machines it writes are marked with."""
    return _seal(plan, by=allowed.by, marks=marks)


def approve_ungated(plan: Plan, *, marks: RunMarks | None = None) -> ApprovedPlan | Blocked:
    """`gate: none`: the person who runs it decides."""
    return _seal(plan, by="nobody (gate: none)", marks=marks)


def approve_digest(plan: Plan, *, digest: Digest) -> Verdict:
    """`approve: <digest>`: a person read this very plan and named it in full."""
    if plan.digests.plan == digest:
        return _seal(plan, by="the approve input")
    return Drift(
        reviewed=digest,
        current=plan.digests.plan,
        moved=("The approved digest is of another plan than the one that would run now.",),
    )


def approve(plan: Plan, *, reviewed: Record, by: str) -> Verdict:
    """Whether `plan` is the reviewed one; `by` names where it was reviewed ("#128").

    A partial result of the same plan is equal too: make_plan counts what the interrupted run did as done.
    """
    if plan.digests.plan == reviewed.digests.plan:
        if reviewed.blocked and not plan.blockers:
            why = "The reviewed plan said that it deploys nothing; what blocked it (such as allow-destroy) is allowed only now."
            return Drift(reviewed=reviewed.digests.plan, current=plan.digests.plan, moved=(why,))
        return _seal(plan, by=by)
    moved = [*_moved_intent(plan, reviewed), *_moved_base(plan, reviewed)]
    if not moved:
        moved.append(
            "The steps differ although file, image and fleet look the same: they were planned by another version."
        )
    return Drift(reviewed=reviewed.digests.plan, current=plan.digests.plan, moved=tuple(moved))


def _seal(plan: Plan, *, by: str, marks: RunMarks | None = None) -> ApprovedPlan | Blocked:
    if plan.blockers:
        return Blocked(findings=plan.blockers)
    return ApprovedPlan(plan, by=by, seal=_SEAL, marks=marks)


def _moved_intent(plan: Plan, reviewed: Record) -> list[str]:
    if plan.digests.intent == reviewed.digests.intent:
        return []
    then, now = reviewed.traits.intent, plan.traits.intent
    moved = []
    if then.get("image") != now.get("image"):
        moved.append(
            f"image: reviewed {reviewed.image.ref or 'the live one'} ({reviewed.image.digest or 'no digest'}), "
            f"now asked {plan.image.ref or 'the live one'} ({plan.image.digest or 'no digest'})"
        )
    for name in sorted((set(then) | set(now)) - {"image"}):
        if name not in now:
            moved.append(f"{name}: reviewed, and no longer asked for")
        elif name not in then:
            moved.append(f"{name}: asked for now, and not in the reviewed plan")
        elif then[name] != now[name]:
            moved.append(f"{name}: asks for something else than the reviewed plan")
    return moved or ["what is asked for differs from the reviewed plan"]


def _moved_base(plan: Plan, reviewed: Record) -> list[str]:
    if plan.digests.base == reviewed.digests.base:
        return []
    then, now = reviewed.base, plan.base
    moved = []
    for name in sorted(set(then) | set(now)):
        if name not in now:
            moved.append(f"machine {name} was live when the plan was reviewed, and is gone")
        elif name not in then:
            moved.append(f"machine {name} appeared after the plan was reviewed")
        elif then[name] != now[name]:
            moved.append(f"machine {name} was changed after the plan was reviewed")
    return moved or ["the fleet differs from the one that was reviewed"]
