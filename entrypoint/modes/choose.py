"""Which command runs: the one asked for, or for `auto` the one that fits the event."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import Command, CommentMode, Gate, Inputs, RunContext

_NEVER_DEPLOYS = frozenset({"pull_request", "pull_request_target", "issue_comment", "pull_request_review"})
"""Events in which a pull request's author, not the default branch, decides what runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The command, and why it is less than the event would allow; empty where it is not."""

    command: Command
    why: str = ""


def choose_command(inputs: Inputs, run: RunContext) -> Choice:
    """Resolve `auto` and refuse what cannot work. Raises UsageError."""
    if (
        inputs.gate is Gate.REVIEWED_PLAN
        and inputs.comment is CommentMode.NEVER
        and inputs.command is not Command.VALIDATE
    ):
        raise UsageError(
            "comment: never and gate: reviewed-plan exclude each other: without a comment there is nothing to review.",
            hint="Set comment: always, or gate: none.",
        )
    choice = _auto(inputs, run) if inputs.command is Command.AUTO else Choice(command=inputs.command)
    if choice.command is Command.DEPLOY:
        _check_deploy(inputs, run)
    if choice.command is not Command.VALIDATE and inputs.fly_api_token is None:
        raise UsageError(
            f"command: {choice.command.value} needs a Fly token, and there is none.",
            hint="Set the input fly-api-token (or FLY_API_TOKEN); `fly tokens create deploy` makes one.",
        )
    return choice


def _auto(inputs: Inputs, run: RunContext) -> Choice:
    if run.event == "pull_request" and run.from_fork:
        return Choice(
            command=Command.VALIDATE, why="the pull request comes from a fork, which gets no secrets"
        )
    match run.event:
        case "pull_request":
            wanted = Command.PLAN
        case "push" if run.ref == f"refs/heads/{run.default_branch}":
            wanted = Command.DEPLOY
        case "workflow_dispatch":
            wanted = Command.DEPLOY if inputs.approve else Command.PLAN
        case _:
            where = f"event {run.event} on {run.ref}" if run.event else "no GitHub event"
            raise UsageError(
                f"command: auto does not know what to do for {where}.",
                hint="auto plans on pull_request and workflow_dispatch and deploys on a push to the default branch. "
                "Name the command: validate, plan or deploy.",
            )
    if inputs.fly_api_token is None:
        return Choice(command=Command.VALIDATE, why="there is no Fly token")
    return Choice(command=wanted)


def _check_deploy(inputs: Inputs, run: RunContext) -> None:
    if run.event in _NEVER_DEPLOYS:
        raise UsageError(
            f"command: deploy refuses to run for {run.event}: there, a pull request decides what is deployed.",
            hint="Deploy on push to the default branch.",
        )
    if (
        inputs.gate is Gate.REVIEWED_PLAN
        and inputs.approve is None
        and (not run.repository or inputs.github_token is None)
    ):
        raise UsageError(
            "gate: reviewed-plan reads the plan from a pull request's comment, and there is no GitHub repository or token here.",
            hint="Run it in a workflow, name the plan with approve: <full digest>, or set gate: none.",
        )
