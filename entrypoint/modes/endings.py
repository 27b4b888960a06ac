"""How a deploy can end, each with what is published: exit code, the output `result`, Markdown, the last line of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, assert_never

from entrypoint.fleet.extras import CANARY
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.run import RunContext
from entrypoint.modes.publish import SUMMARY_ROOM, Ending
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Destroy, Step, Swap, Update
from entrypoint.planning.review.forwards import Superseded
from entrypoint.planning.review.rules import NotReviewed
from entrypoint.report.outcome.comment import blocked_markdown, outcome_markdown
from entrypoint.report.outcome.merge_refusal import merge_refusal_markdown
from entrypoint.report.outcome.refusal import refusal_markdown, superseded_markdown
from entrypoint.report.plan.comment import plan_markdown
from entrypoint.rollout.outcome import HaltKind, Outcome, StepStatus

Findings: TypeAlias = tuple[Finding, ...]


def superseded(plan: Plan, findings: Findings, run: RunContext, verdict: Superseded) -> Ending:
    """A newer commit is live: nothing is written, and nothing is wrong."""
    return Ending(
        code=ExitCode.DONE,
        result="superseded",
        plan=plan,
        findings=findings,
        markdown=superseded_markdown(plan, verdict, run),
        last_line=f"done      superseded: {verdict.by[:7]}, which contains this commit, is deployed already",
        counts=_NOTHING,
    )


def not_reviewed(plan: Plan, findings: Findings, run: RunContext, verdict: NotReviewed) -> tuple[Ending, str]:
    """Refused by the gate. The second value is the comment on pull requests; the summary also shows the plan."""
    return _refused(
        ExitCode.NOT_REVIEWED, refusal_markdown(plan, verdict, run), plan=plan, findings=findings, run=run
    )


def not_ready(
    plan: Plan, findings: Findings, run: RunContext, verdict: NotReviewed, *, waiting: Sequence[int]
) -> tuple[Ending, str]:
    """Refused by the gate in a merge queue, where `waiting` are. The second value is the comment on them."""
    answer = merge_refusal_markdown(plan, verdict, run, waiting=waiting)
    return _refused(ExitCode.NOT_REVIEWED, answer, plan=plan, findings=findings, run=run)


def blocked(plan: Plan, findings: Findings, run: RunContext, *, is_merged: bool) -> tuple[Ending, str]:
    """Reviewed, but not executable. The second value is the comment on pull requests. `is_merged`: False in a merge queue."""
    answer = blocked_markdown(plan, run, is_merged=is_merged)
    return _refused(ExitCode.BLOCKED, answer, plan=plan, findings=findings, run=run)


def _refused(
    code: ExitCode, answer: str, *, plan: Plan, findings: Findings, run: RunContext
) -> tuple[Ending, str]:
    ending = Ending(
        code=code,
        result=code.reason,
        plan=plan,
        findings=findings,
        markdown=f"{answer}\n{_plan_markdown(plan, findings, run)}",
        last_line=f"done      {code.reason}",
    )
    return ending, answer


def reviewed(plan: Plan, findings: Findings, run: RunContext) -> Ending:
    """In a merge queue: a deploy of this commit would run."""
    return Ending(
        code=ExitCode.DONE,
        result="reviewed",
        plan=plan,
        findings=findings,
        markdown=_plan_markdown(plan, findings, run),
        last_line="done      reviewed: the push that follows may deploy",
    )


def nothing_to_do(plan: Plan, findings: Findings, run: RunContext) -> Ending:
    """Every machine is as the plan wants it."""
    return Ending(
        code=ExitCode.DONE,
        result="nothing-to-do",
        plan=plan,
        findings=findings,
        markdown=_plan_markdown(plan, findings, run),
        last_line="done      nothing-to-do",
    )


def ended(outcome: Outcome, findings: Findings, run: RunContext, *, by: str) -> Ending:
    """The rollout is over."""
    code, word = ended_as(outcome)
    took = f"{outcome.seconds:.0f} s"
    return Ending(
        code=code,
        result=word,
        plan=outcome.plan,
        findings=findings,
        markdown=outcome_markdown(outcome, run, by=by),
        last_line=f"done      {word} {'after' if outcome.halted else 'in'} {took}, {outcome.leases_left} leases left",
        counts=_counts(outcome),
    )


def _plan_markdown(plan: Plan, findings: Findings, run: RunContext) -> str:
    return plan_markdown(plan, findings=findings, run=run, environment="", room=SUMMARY_ROOM)


def ended_as(outcome: Outcome) -> tuple[ExitCode, str]:
    """The exit code and the output `result` of a rollout that is over."""
    if outcome.halted is None:
        return (ExitCode.DONE, "deployed") if outcome.succeeded else (ExitCode.HALTED, "failed")
    match outcome.halted.kind:
        case HaltKind.DRIFT:
            return ExitCode.NOT_REVIEWED, "not-reviewed"
        case HaltKind.CANCELLED:
            return ExitCode.HALTED, "cancelled"
        case (
            HaltKind.RELEASE_FAILED
            | HaltKind.UNHEALTHY
            | HaltKind.REFUSED
            | HaltKind.UNPROVEN
            | HaltKind.UNVERIFIED
        ):
            return ExitCode.HALTED, "rolled-back" if outcome.is_rolled_back else "halted"
        case _:
            assert_never(outcome.halted.kind)


_NOTHING = dict.fromkeys(("created", "updated", "replaced", "destroyed"), "0")


def _counts(outcome: Outcome) -> dict[str, str]:
    """Machines that were really created, updated (or swapped), replaced and destroyed, without those that were rolled back."""
    undone = {item.machine for item in outcome.rolled_back if item.restored}
    done = [r.step for r in outcome.results if r.status is StepStatus.DONE and r.machine not in undone]
    destroyed = [step for step in done if isinstance(step, Destroy)]
    counts = {
        "created": sum(
            isinstance(step, Create) and step.replaces is None and step.extra != CANARY for step in done
        ),
        "updated": sum(isinstance(step, Update) or _is_swap(step) for step in done),
        "replaced": sum(step.replaced for step in destroyed),
        "destroyed": sum(not step.replaced and step.swap is None for step in destroyed),
    }
    return {name: str(count) for name, count in counts.items()}


def _is_swap(step: Step) -> bool:
    return isinstance(step, Destroy) and step.swap is Swap.TAKEN_OVER
