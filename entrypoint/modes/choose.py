"""What this run does: the command of the inputs; for `auto`, the one that fits the event."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import Command, CommentMode, Gate, Inputs, RunContext

_OF_A_PULL_REQUEST = frozenset(
    {
        "pull_request",
        "pull_request_target",
        "pull_request_review",
        "pull_request_review_comment",
        "issue_comment",
    }
)
"""Events in which the author of a pull request, or anybody else, decides what code runs."""
_REFUSED = {
    "pull_request_target": (
        "it runs with the repository's secrets for anybody's pull request",
        "Use pull_request. A maintainer plans a fork's pull request by workflow_dispatch with the input pull-request.",
    ),
    "issue_comment": (
        "anybody can start it by writing a comment",
        "Use pull_request and push. A maintainer plans a fork's pull request by workflow_dispatch with the input pull-request.",
    ),
}
_MAKE_ONE = "`fly tokens create deploy` makes one: store it as the secret that `fly-api-token` names"


class Task(StrEnum):
    """What a run does."""

    VALIDATE = "validate"
    PLAN = "plan"
    CHECK = "check"
    """Decide as a deploy would, and write nothing: in a merge queue."""
    DEPLOY = "deploy"
    DOCTOR = "doctor"
    NOTHING = "nothing"


class Choice(NamedTuple):
    """The task. `why` is the reason where it does less than the event allows, else empty."""

    task: Task
    why: str = ""


def choose_task(inputs: Inputs, run: RunContext) -> Choice:
    """Resolve `auto` and refuse what cannot work. Raises UsageError."""
    _check_inputs(inputs, run)
    choice = _auto(inputs, run) if inputs.command is Command.AUTO else Choice(task=Task(inputs.command.value))
    if choice.task in (Task.DEPLOY, Task.CHECK):
        _check_deploy(inputs, run, choice.task)
    if choice.task is Task.PLAN:
        _check_event(inputs, run)
    if choice.task in (Task.PLAN, Task.CHECK, Task.DEPLOY):
        _check_tokens(inputs, run, choice.task)
    return choice


def _auto(inputs: Inputs, run: RunContext) -> Choice:
    match run.event:
        case "pull_request":
            return _for_pull_request(inputs, run)
        case "push":
            return _for_push(run)
        case "merge_group":
            return Choice(task=Task.CHECK)
        case "workflow_dispatch":
            return Choice(task=Task.DEPLOY if inputs.approve else Task.PLAN)
        case "schedule":
            return Choice(task=Task.PLAN)
        case "pull_request_target" | "issue_comment":
            why, hint = _REFUSED[run.event]
            raise UsageError(f"Flightplan does not run for {run.event}: {why}.", hint=hint)
        case _:
            where = f"event {run.event} on {run.ref}" if run.event else "no GitHub event"
            raise UsageError(
                f"command: auto does not know what to do for {where}.",
                hint="auto knows pull_request, push, merge_group, workflow_dispatch and schedule. Name the command: validate, "
                "plan or deploy.",
            )


def _for_pull_request(inputs: Inputs, run: RunContext) -> Choice:
    if run.action == "closed":
        return Choice(task=Task.NOTHING, why="the pull request is closed")
    if run.from_fork:
        why = (
            "the pull request comes from a fork, which gets no secrets. "
            f"A maintainer can plan it: run this workflow by hand with pull-request: {run.pull_number}"
        )
        return Choice(task=Task.VALIDATE, why=why)
    if inputs.fly_api_token is None:
        return Choice(
            task=Task.VALIDATE,
            why="Dependabot's runs get no Actions secrets, and so no Fly token. "
            "Put it into the Dependabot secrets, too, to have its pull requests planned"
            if run.from_dependabot
            else f"there is no Fly token. {_MAKE_ONE}",
        )
    return Choice(task=Task.PLAN)


def _for_push(run: RunContext) -> Choice:
    if run.is_deletion:
        return Choice(task=Task.NOTHING, why=f"{run.ref_name} was deleted")
    if run.is_on_default_branch:
        return Choice(task=Task.DEPLOY)
    raise UsageError(
        f"command: auto deploys pushes to the default branch ({run.default_branch or 'unknown'}), and this is {run.ref}.",
        hint="Set command: deploy to deploy this branch or tag, or limit the workflow with on.push.branches.",
    )


def _check_inputs(inputs: Inputs, run: RunContext) -> None:
    """Refuse inputs that exclude each other. Raises UsageError."""
    if (
        inputs.gate is not Gate.NONE
        and inputs.comment is CommentMode.NEVER
        and inputs.command not in (Command.VALIDATE, Command.DOCTOR)
    ):
        raise UsageError(
            f"comment: never and gate: {inputs.gate} exclude each other: without a comment there is nothing to review.",
            hint="Set comment: always, or gate: none.",
        )
    if inputs.pull_request is None:
        return
    if inputs.approve is not None:
        raise UsageError(
            "approve and pull-request exclude each other: one deploys, the other plans.",
            hint="Leave one of them empty.",
        )
    if run.event != "workflow_dispatch" or inputs.command not in (Command.AUTO, Command.PLAN):
        raise UsageError(
            f"pull-request plans a pull request on workflow_dispatch, and this is command: {inputs.command} for "
            f"{run.event or 'no GitHub event'}.",
            hint="Leave the input empty here.",
        )


def _check_event(inputs: Inputs, run: RunContext) -> None:
    """A plan that cannot tell whose it is could not be posted, and its job would be green all the same. Raises UsageError."""
    is_posted = inputs.comment is not CommentMode.NEVER
    if run.event in _OF_A_PULL_REQUEST and is_posted and (run.pull_number is None or not run.repository):
        raise UsageError(
            f"The event {run.event} does not say which pull request this is.",
            hint="GITHUB_EVENT_PATH names the file with the event, and GITHUB_REPOSITORY the repository. The runner sets both.",
        )


def _check_deploy(inputs: Inputs, run: RunContext, task: Task) -> None:
    if run.event in _OF_A_PULL_REQUEST:
        raise UsageError(
            f"command: deploy refuses to run for {run.event}: there, a pull request decides what is deployed.",
            hint="Deploy on push to the default branch.",
        )
    if run.event == "merge_group" and task is Task.DEPLOY:
        raise UsageError(
            "command: deploy refuses to run for merge_group: nothing is merged yet.",
            hint="Leave command at auto: it checks the queue's commit, and the push that follows deploys it.",
        )
    if inputs.gate is not Gate.NONE and (not run.repository or inputs.github_token is None):
        raise UsageError(
            f"gate: {inputs.gate} reads reviews from GitHub, and there is no GitHub repository or token here.",
            hint="Run it in a workflow, or set gate: none (on the command line --gate none).",
        )


def _check_tokens(inputs: Inputs, run: RunContext, task: Task) -> None:
    if inputs.fly_api_token is None:
        raise UsageError(
            f"{run.event or 'This command'} needs a Fly token to {task}, and there is none.",
            hint="Dependabot's runs get no Actions secrets: merge it by hand, or put the token into the Dependabot secrets, too."
            if run.from_dependabot
            else f"{_MAKE_ONE}."
            if run.event
            else "Set FLY_API_TOKEN; `fly tokens create deploy` makes one.",
        )
    posts = run.pull_number is not None or inputs.pull_request is not None
    if task is Task.PLAN and posts and inputs.gate is not Gate.NONE and inputs.github_token is None:
        raise UsageError(
            "The plan of a pull request is posted with a GitHub token, and there is none.",
            hint="Leave out the input github-token to use the job's own, or set gate: none.",
        )
