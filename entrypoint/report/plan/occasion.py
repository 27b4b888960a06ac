"""Words that depend on where a plan is shown: in a pull request a merge deploys it; anywhere else there is no merge to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.text.escape import Md


class Occasion(NamedTuple):
    """The words of one place."""

    before: Md
    """The heading of what to know first."""
    would: Md
    """Begins the sentence that says what is destroyed."""


_REVIEW = Occasion(before=Md("Before you merge"), would=Md("Merging will"))
_OTHER = Occasion(before=Md("Before you deploy"), would=Md("The deploy would"))


def occasion(run: RunContext) -> Occasion:
    """The words for this run: a plan of a pull request, or another one (push, schedule, by hand, command line)."""
    return _REVIEW if run.pull_number is not None else _OTHER


def what_merging_does(plan: Plan, run: RunContext) -> list[str]:
    """For the footer. Empty where nobody merges the plan."""
    if run.pull_number is None:
        return []
    if plan.blockers:
        return ["Merging deploys nothing as long as this stands"]
    says = [
        "Merging deploys this if every change that it brings was reviewed"
        if plan.has_changes
        else "Merging leaves every machine as it is"
    ]
    if run.retention_days is not None:
        until = datetime.fromtimestamp(run.started_at, UTC) + timedelta(days=run.retention_days)
        says.append(f"This review holds until {until:%-d %B %Y}")
    return says
