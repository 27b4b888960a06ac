"""Which command runs for which event, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.ids import Digest
from entrypoint.kernel.run import Command, CommentMode, Gate
from entrypoint.modes.choose import choose_command
from tests.bench import make_inputs, make_run

AUTO = make_inputs(command=Command.AUTO)
DIGEST = Digest("a" * 64)


def choose(event, *, inputs=AUTO, **changes):
    return choose_command(inputs, replace(make_run(event), **changes))


@pytest.mark.parametrize(
    ("event", "approve", "command"),
    [
        ("pull_request", None, Command.PLAN),
        ("push", None, Command.DEPLOY),
        ("workflow_dispatch", None, Command.PLAN),
        ("workflow_dispatch", DIGEST, Command.DEPLOY),
    ],
)
def test_auto_fits_the_event(event, approve, command):
    assert choose(event, inputs=replace(AUTO, approve=approve)).command is command


@pytest.mark.parametrize("event", ["pull_request", "push", "workflow_dispatch"])
def test_auto_without_a_fly_token_validates_and_says_why(event):
    choice = choose(event, inputs=replace(AUTO, fly_api_token=None))
    assert choice.command is Command.VALIDATE
    assert "no Fly token" in choice.why


def test_auto_for_a_fork_validates_even_with_a_token():
    choice = choose("pull_request", from_fork=True)
    assert choice.command is Command.VALIDATE
    assert "fork" in choice.why


@pytest.mark.parametrize("ref", ["refs/heads/feature", "refs/tags/v1", "refs/heads/main2", ""])
def test_auto_deploys_the_default_branch_only(ref):
    with pytest.raises(UsageError, match="does not know what to do"):
        choose("push", ref=ref)


@pytest.mark.parametrize(
    "event", ["", "schedule", "pull_request_target", "merge_group", "issue_comment", "release"]
)
def test_auto_guesses_nothing_else(event):
    with pytest.raises(UsageError, match="does not know what to do"):
        choose(event)


@pytest.mark.parametrize(
    "event", ["pull_request", "pull_request_target", "issue_comment", "pull_request_review"]
)
@pytest.mark.parametrize("gate", list(Gate))
def test_a_pull_request_never_deploys(event, gate):
    with pytest.raises(UsageError, match="refuses to run"):
        choose(event, inputs=make_inputs(command=Command.DEPLOY, gate=gate))


def test_no_comment_and_a_reviewed_plan_exclude_each_other():
    with pytest.raises(UsageError, match="exclude each other"):
        choose("pull_request", inputs=make_inputs(command=Command.PLAN, comment=CommentMode.NEVER))
    inputs = make_inputs(command=Command.PLAN, comment=CommentMode.NEVER, gate=Gate.NONE)
    assert choose("pull_request", inputs=inputs).command is Command.PLAN


def test_a_gate_without_github_needs_a_digest():
    inputs = make_inputs(command=Command.DEPLOY, github_token=None)
    with pytest.raises(UsageError, match="reads the plan from a pull request's comment"):
        choose("", inputs=inputs)
    assert choose("", inputs=replace(inputs, approve=DIGEST)).command is Command.DEPLOY


@pytest.mark.parametrize("command", [Command.PLAN, Command.DEPLOY])
def test_a_named_command_without_a_token_is_wrong(command):
    with pytest.raises(UsageError, match="needs a Fly token"):
        choose("push", inputs=make_inputs(command=command, fly_api_token=None))
