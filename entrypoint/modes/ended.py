"""Report how a deploy ended: in the log, in the summary, on the pull requests that it brought. Imported while the rollout waits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from entrypoint.modes import endings
from entrypoint.modes.case import Case
from entrypoint.modes.logs import tell_logs
from entrypoint.modes.outcomes import post_outcome
from entrypoint.modes.publish import Ending, publish
from entrypoint.modes.result import Result
from entrypoint.modes.world import Fly
from entrypoint.planning.model.plan import Plan
from entrypoint.report.plan.terminal import halt_text
from entrypoint.rollout.outcome import Outcome

_MOST_PULLS = 5
"""At most so many pull requests get a comment on how the deploy ended: the newest ones that it brought."""


async def say_nothing_to_do(plan: Plan, case: Case) -> Result:
    """Every machine is as the plan wants it. No pull request gets a comment."""
    return await say(endings.nothing_to_do(plan, case.findings, case.run), case)


async def say_outcome(outcome: Outcome, case: Case, fly: Fly, *, by: str, pulls: Sequence[int]) -> Result:
    """The rollout is over. `pulls` get a comment with the text of the summary."""
    if outcome.halted is not None:
        case.world.console.fail(halt_text(outcome.halted), hint=outcome.halted.hint)
        if fly.logs is not None and case.planner.policy.logs:
            await tell_logs(fly.logs, outcome, case.world.console)
    ending = endings.ended(outcome, case.findings, case.run, by=by)
    return await say(ending, case, answer=ending.markdown, pulls=pulls)


async def say(ending: Ending, case: Case, *, answer: str = "", pulls: Sequence[int] = ()) -> Result:
    """Publish `ending`. `pulls` get a comment with `answer`."""
    github = case.world.github
    if github is None:  # then no pull request is known either
        return await publish(ending, case.inputs, case.run, case.world.console, comment=None)
    tell = partial(
        post_outcome,
        github,
        case.world.console,
        pulls=pulls[:_MOST_PULLS],
        key=case.key,
        run_id=case.run.run_id,
        text=answer,
        what="check" if case.run.event == "merge_group" else "deploy",
    )
    return await publish(ending, case.inputs, case.run, case.world.console, comment=tell)
