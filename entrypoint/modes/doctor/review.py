"""The GitHub token, its permissions, and the branch that is deployed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from entrypoint.concurrency import gather
from entrypoint.kernel.errors import ActionError
from entrypoint.kernel.health import Check, Health
from entrypoint.kernel.review_errors import RateLimited, Unreachable
from entrypoint.kernel.run import Inputs, RunContext
from entrypoint.modes.ports import GitHub
from entrypoint.modes.world import World

TOKEN, COMMENTS, STATUSES, BRANCH = "GitHub token", "comments", "statuses", "branch"
_PERMISSIONS = "Give the job `permissions: {contents: read, pull-requests: write, statuses: write}`."


async def look_at_github(inputs: Inputs, run: RunContext, world: World) -> tuple[Check, ...]:
    """Check what a review needs."""
    github = world.github
    if github is None:
        return (_no_token(inputs),)

    async def token() -> Check:
        viewer = await github.viewer()
        return Check(name=TOKEN, health=Health.OK, says=f"{viewer.login}, in {run.repository}")

    async def comments() -> Check:
        return await _comments(github, run)

    async def statuses() -> Check:
        return _permission(
            STATUSES, await github.may_set_status(), may="may set commit statuses", needs="statuses: write"
        )

    async def branch() -> Check:
        return await _branch(github, run)

    asked = ((TOKEN, token), (COMMENTS, comments), (STATUSES, statuses), (BRANCH, branch))
    return tuple(await gather([_safely(name, ask) for name, ask in asked]))


def _no_token(inputs: Inputs) -> Check:
    if inputs.github_token is None:
        advice = (
            "Set GITHUB_TOKEN; `gh auth token` prints yours. In a workflow leave out the input github-token."
        )
        return Check(
            name=TOKEN, health=Health.UNKNOWN, says="there is none, so GitHub was not asked", advice=advice
        )
    advice = "Run it in a checkout whose remote origin is on GitHub, or set GITHUB_REPOSITORY=owner/name."
    return Check(name=TOKEN, health=Health.UNKNOWN, says="no GitHub repository is known here", advice=advice)


def _safely(name: str, ask: Callable[[], Awaitable[Check]]) -> Callable[[], Awaitable[Check]]:
    """Ask one question. Where it fails, the others go on."""

    async def answer() -> Check:
        try:
            return await ask()
        except ActionError as error:
            is_silent = isinstance(error, Unreachable | RateLimited)
            health = Health.UNKNOWN if is_silent else Health.NOT_OK
            return Check(name=name, health=health, says=str(error), advice=error.hint)

    return answer


async def _comments(github: GitHub, run: RunContext) -> Check:
    number = run.pull_number
    if number is None and run.default_branch:
        number = next((pull.number for pull in await github.closed_pulls(base=run.default_branch)), None)
    if number is None:
        says = "there is no pull request to ask about"
        return Check(name=COMMENTS, health=Health.UNKNOWN, says=says)
    may = await github.may_comment(number)
    return _permission(COMMENTS, may, may="may post plan comments", needs="pull-requests: write")


def _permission(name: str, answer: bool | None, *, may: str, needs: str) -> Check:  # noqa: FBT001  # an answer, no switch
    match answer:
        case True:
            return Check(name=name, health=Health.OK, says=f"the token {may} ({needs})")
        case False:
            return Check(
                name=name, health=Health.NOT_OK, says=f"the token lacks {needs}", advice=_PERMISSIONS
            )
        case None:
            return Check(name=name, health=Health.UNKNOWN, says="GitHub did not say")


async def _branch(github: GitHub, run: RunContext) -> Check:
    if not run.default_branch:
        return Check(name=BRANCH, health=Health.UNKNOWN, says="the default branch is not known here")
    branch = await github.branch(run.default_branch)
    if branch.is_protected:
        return Check(name=BRANCH, health=Health.OK, says=f"{branch.name} is protected")
    advice = "Anybody who may write can push to it. A push that changes fly.toml is refused by the gate, all else is deployed."
    return Check(name=BRANCH, health=Health.OK, says=f"{branch.name} is not protected", advice=advice)
