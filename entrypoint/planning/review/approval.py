"""Makes an ApprovedPlan. No other module can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from entrypoint.fleet.stamp import RunMarks
from entrypoint.kernel.findings import Finding
from entrypoint.planning.model.plan import Plan

if TYPE_CHECKING:  # without a gate there are no rules
    from entrypoint.planning.review.rules import Allowed

_SEAL = object()


@final
class ApprovedPlan:
    """A plan that may be executed. Only `approve_allowed` and `approve_ungated` make one."""

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
class Blocked:
    """The plan may run, but cannot be executed."""

    findings: tuple[Finding, ...]


def approve_allowed(plan: Plan, allowed: Allowed, *, marks: RunMarks | None) -> ApprovedPlan | Blocked:
    """For a plan that the gate allows (review/rules.py). `marks`: the marks for the machines that it writes."""
    return _seal(plan, by=allowed.by, marks=marks)


def approve_ungated(plan: Plan, *, marks: RunMarks | None = None) -> ApprovedPlan | Blocked:
    """For `gate: none`: the person who runs it decides."""
    return _seal(plan, by="nobody (gate: none)", marks=marks)


def _seal(plan: Plan, *, by: str, marks: RunMarks | None = None) -> ApprovedPlan | Blocked:
    if plan.blockers:
        return Blocked(findings=plan.blockers)
    return ApprovedPlan(plan, by=by, seal=_SEAL, marks=marks)
