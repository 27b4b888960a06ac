"""What runs for which event, and what is refused."""

from __future__ import annotations

import pytest

from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.ids import Digest
from entrypoint.kernel.run import Command, CommentMode, Gate
from entrypoint.modes.choose import Task, choose_task
from tests.bench import make_inputs, make_run

AUTO = make_inputs(command=Command.AUTO)
DIGEST = Digest("a" * 64)
PULL_EVENTS = ["pull_request", "pull_request_target", "issue_comment", "pull_request_review"]


def choose(event, *, inputs=AUTO, **changes):
    return choose_task(inputs, make_run(event)._replace(**changes))


@pytest.mark.parametrize(
    ("event", "inputs", "task"),
    [
        ("pull_request", {}, Task.PLAN),
        ("push", {}, Task.DEPLOY),
        ("merge_group", {}, Task.CHECK),
        ("workflow_dispatch", {}, Task.PLAN),
        ("workflow_dispatch", {"approve": DIGEST}, Task.DEPLOY),
        ("workflow_dispatch", {"pull_request": 7}, Task.PLAN),
        ("schedule", {}, Task.PLAN),
    ],
)
def test_auto_fits_the_event(event, inputs, task):
    choice = choose(event, inputs=AUTO._replace(**inputs))
    assert (choice.task, choice.why) == (task, "")


@pytest.mark.parametrize(
    "action", ["opened", "synchronize", "reopened", "ready_for_review", "converted_to_draft"]
)
def test_a_pull_request_is_planned_whatever_happened_to_it(action):
    assert choose("pull_request", action=action).task is Task.PLAN


@pytest.mark.parametrize(
    ("changes", "task"),
    [
        ({"action": "closed"}, Task.NOTHING),
        ({"action": "closed", "from_fork": True}, Task.NOTHING),
        ({"action": "edited"}, Task.PLAN),
        ({"action": "edited", "from_fork": True}, Task.VALIDATE),
    ],
)
def test_a_closed_or_edited_pull_request(changes, task):
    """A new title is planned again, too: the run may have cancelled the one that was planning, and its check takes the other's place."""
    choice = choose("pull_request", **changes)
    assert choice.task is task
    assert bool(choice.why) == (task is not Task.PLAN)


@pytest.mark.parametrize(
    ("from_dependabot", "said"), [(False, "store it as the secret"), (True, "Dependabot")]
)
def test_a_pull_request_without_a_fly_token_is_validated_and_told_why(from_dependabot, said):
    choice = choose("pull_request", inputs=AUTO._replace(fly_api_token=None), from_dependabot=from_dependabot)
    assert choice.task is Task.VALIDATE
    assert said in choice.why


def test_a_fork_is_validated_even_with_a_token():
    choice = choose("pull_request", from_fork=True)
    assert choice.task is Task.VALIDATE
    assert "fork" in choice.why


@pytest.mark.parametrize("event", ["push", "workflow_dispatch", "merge_group", "schedule"])
@pytest.mark.parametrize(
    ("from_dependabot", "said"), [(False, "store it as the secret"), (True, "Dependabot secrets")]
)
def test_nothing_else_is_green_without_a_fly_token(event, from_dependabot, said):
    with pytest.raises(UsageError, match="needs a Fly token") as refused:
        choose(event, inputs=AUTO._replace(fly_api_token=None), from_dependabot=from_dependabot)
    assert said in refused.value.hint


def test_on_a_terminal_the_token_is_a_variable():
    with pytest.raises(UsageError, match="needs a Fly token") as refused:
        choose("", inputs=make_inputs(command=Command.PLAN, fly_api_token=None))
    assert "FLY_API_TOKEN" in refused.value.hint
    assert "secret" not in refused.value.hint


@pytest.mark.parametrize(
    "ref", ["refs/heads/feature", "refs/tags/v1", "refs/heads/main2", "refs/tags/main", ""]
)
def test_auto_deploys_the_default_branch_only_and_deploy_deploys_any(ref):
    with pytest.raises(UsageError, match="deploys pushes to the default branch"):
        choose("push", ref=ref)
    assert choose("push", ref=ref, inputs=make_inputs(command=Command.DEPLOY)).task is Task.DEPLOY


def test_auto_deploys_nothing_where_the_default_branch_is_not_known():
    with pytest.raises(UsageError, match="unknown"):
        choose("push", ref="refs/heads/", default_branch="")


def test_a_deleted_branch_is_no_deploy():
    assert choose("push", is_deletion=True).task is Task.NOTHING
    assert choose("push", is_deletion=True, ref="refs/heads/feature").task is Task.NOTHING


@pytest.mark.parametrize("event", ["", "release", "deployment", "repository_dispatch"])
def test_auto_guesses_nothing_else(event):
    with pytest.raises(UsageError, match="does not know what to do"):
        choose(event)


@pytest.mark.parametrize(
    ("event", "said"),
    [("pull_request_target", "repository's secrets"), ("issue_comment", "writing a comment")],
)
def test_auto_says_why_it_does_not_run(event, said):
    with pytest.raises(UsageError, match=said):
        choose(event)


@pytest.mark.parametrize("event", PULL_EVENTS)
@pytest.mark.parametrize("gate", list(Gate))
def test_a_pull_request_never_deploys(event, gate):
    with pytest.raises(UsageError, match="refuses to run"):
        choose(event, inputs=make_inputs(command=Command.DEPLOY, gate=gate))


def test_a_merge_group_is_not_deployed():
    with pytest.raises(UsageError, match="nothing is merged yet"):
        choose("merge_group", inputs=make_inputs(command=Command.DEPLOY))


@pytest.mark.parametrize("gate", [Gate.REVIEWED, Gate.EXACT])
def test_no_comment_and_a_review_exclude_each_other(gate):
    with pytest.raises(UsageError, match="exclude each other"):
        choose("pull_request", inputs=make_inputs(command=Command.PLAN, comment=CommentMode.NEVER, gate=gate))
    inputs = make_inputs(command=Command.PLAN, comment=CommentMode.NEVER, gate=Gate.NONE)
    assert choose("pull_request", inputs=inputs).task is Task.PLAN


@pytest.mark.parametrize("event", ["push", "pull_request", "schedule"])
def test_another_pull_request_is_planned_by_hand_only(event):
    with pytest.raises(UsageError, match="on workflow_dispatch"):
        choose(event, inputs=AUTO._replace(pull_request=7))


def test_what_is_approved_is_deployed_and_not_planned():
    with pytest.raises(UsageError, match="exclude each other"):
        choose("workflow_dispatch", inputs=AUTO._replace(pull_request=7, approve=DIGEST))
    with pytest.raises(UsageError, match="on workflow_dispatch"):
        choose("workflow_dispatch", inputs=make_inputs(command=Command.DEPLOY, pull_request=7))


@pytest.mark.parametrize("changes", [{"github_token": None}, {}])
def test_a_gate_needs_github(changes):
    inputs = make_inputs(command=Command.DEPLOY, **changes)
    with pytest.raises(UsageError, match="reads reviews from GitHub"):
        choose("push", inputs=inputs, **({} if changes else {"repository": ""}))
    assert choose("push", inputs=inputs._replace(gate=Gate.NONE)).task is Task.DEPLOY


@pytest.mark.parametrize(("event", "pull"), [("pull_request", None), ("workflow_dispatch", 7)])
def test_a_plan_that_is_to_be_posted_needs_a_token_for_it(event, pull):
    inputs = make_inputs(command=Command.PLAN, github_token=None, pull_request=pull)
    with pytest.raises(UsageError, match="posted with a GitHub token"):
        choose(event, inputs=inputs)
    assert choose(event, inputs=inputs._replace(gate=Gate.NONE)).task is Task.PLAN
    assert choose("schedule", inputs=inputs._replace(pull_request=None)).task is Task.PLAN


@pytest.mark.parametrize("command", [Command.PLAN, Command.DEPLOY])
def test_a_named_command_without_a_token_is_wrong(command):
    with pytest.raises(UsageError, match="needs a Fly token"):
        choose("push", inputs=make_inputs(command=command, fly_api_token=None))
    assert (
        choose("push", inputs=make_inputs(command=Command.VALIDATE, fly_api_token=None)).task is Task.VALIDATE
    )


@pytest.mark.parametrize("command", [Command.AUTO, Command.PLAN])
def test_a_pull_request_that_the_event_does_not_name__is_not_planned_in_silence(command):
    """Its plan could be posted nowhere, and the job would be green."""
    inputs = AUTO._replace(command=command)
    for missing in ({"pull_number": None}, {"repository": ""}):
        with pytest.raises(UsageError, match="which pull request"):
            choose("pull_request", inputs=inputs, **missing)
    quiet = inputs._replace(comment=CommentMode.NEVER, gate=Gate.NONE)
    assert choose("pull_request", inputs=quiet, pull_number=None).task is Task.PLAN
