"""The workflows that we tell people to copy: inputs and outputs exist, every event that starts them is one that we run for, and the job has
exactly the permissions that the code asks for. zizmor and check-jsonschema read them in `make lint`; act runs them (tests/container)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoint.adapters.github.failures import Permission
from entrypoint.adapters.runner.context import read_context
from entrypoint.adapters.runner.inputs import parse_inputs
from entrypoint.kernel.run import Format
from entrypoint.modes.choose import Task, choose_task
from tests.contract.inputs_page import read_action
from tests.stage import ROOT

ACTION = read_action()
OURS = "flightplan-dev/flightplan@"
ALL = sorted((ROOT / "examples" / "workflows").glob("*.yml"))
FILES = [file for file in ALL if OURS in file.read_text("utf-8")]
"""Those that run the action."""
DIGEST = f"registry.fly.io/my-app@sha256:{'b' * 64}"
BARE = {
    "GITHUB_REPOSITORY": "octo/shop", "GITHUB_SHA": "4" * 40, "GITHUB_REF": "refs/heads/main", "GITHUB_ACTIONS": "true",
}  # fmt: skip
BESIDE_US = ("actions/checkout@", OURS)
"""Nothing else may run in a job that can vouch for a plan."""


def _workflow(file: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    found["on"] = found.pop(True)  # YAML 1.1 reads the word as a truth
    return found


def _jobs(file: Path) -> list[dict[str, Any]]:
    """The jobs that run Flightplan."""
    jobs = _workflow(file)["jobs"].values()
    return [job for job in jobs if any(OURS in step.get("uses", "") for step in job["steps"])]


def _steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in _jobs(file) for step in job["steps"] if OURS in step.get("uses", "")]


each = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


@each
def test_inputs_and_outputs_exist(file):
    assert _steps(file)
    for step in _steps(file):
        assert set(step["with"]) <= set(ACTION["inputs"])
    read = re.findall(r"steps\.flightplan\.outputs\.([a-z-]+)", file.read_text("utf-8"))
    assert set(read) <= set(ACTION["outputs"])


def _inputs(step: dict[str, Any], event: str, *, is_approval: bool):
    """What the step gives in a run of that event: expressions are what they become in it."""
    values = {name: str(spec.get("default", "")) for name, spec in ACTION["inputs"].items()}
    values["github-token"] = "ghs_x"
    for name, given in step["with"].items():
        is_expression = "${{" in str(given)
        values[name] = "" if is_expression else str(given)
    if "fly-api-token" in step["with"]:
        values["fly-api-token"] = "FlyV1 fm2_x"
    if "image" in step["with"]:
        values["image"] = DIGEST if event == "push" or is_approval else "built-on-merge"
    if is_approval:
        values["approve"] = "a" * 64
    return parse_inputs(values, environ={}, format_=Format.TEXT)


def _events(file: Path) -> list[tuple[str, str, bool, Task]]:
    """Event, action, whether it approves, and what it is for."""
    on = _workflow(file)["on"]
    step = _steps(file)[0]
    plans = Task.VALIDATE if step["with"].get("command") == "validate" else Task.PLAN
    expected: dict[str, list[tuple[str, str, bool, Task]]] = {
        "pull_request": [("pull_request", action, False, plans) for action in ("opened", "synchronize")],
        "push": [("push", "", False, Task.DEPLOY)],
        "merge_group": [("merge_group", "checks_requested", False, Task.CHECK)],
        "workflow_dispatch": [
            ("workflow_dispatch", "", False, Task.PLAN), ("workflow_dispatch", "", True, Task.DEPLOY),
        ],
    }  # fmt: skip
    return [run for event in on for run in expected[event]]


@pytest.mark.parametrize(
    ("file", "event", "action", "approves", "task"),
    [(file, *run) for file in FILES for run in _events(file)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_every_event_is_one_that_we_run_for(file, event, action, approves, task):
    run = read_context({**BARE, "GITHUB_EVENT_NAME": event})._replace(
        action=action,
        default_branch="main",
        pull_number=128 if event == "pull_request" else None,
    )
    for step in _steps(file):
        assert choose_task(_inputs(step, event, is_approval=approves), run).task is task


@each
def test_the_job_may_do_what_we_ask_for__and_no_more(file):
    asked = dict(permission.value.split(": ") for permission in Permission)
    for job, step in zip(_jobs(file), _steps(file), strict=True):
        reads_only = step["with"].get("command") == "validate" or step["with"].get("gate") == "none"
        assert job["permissions"] == ({"contents": "read"} if reads_only else asked)
    assert _workflow(file)["permissions"] == {}


@each
def test_nothing_else_runs_in_the_job(file):
    """A pull request's code must not run where comments and statuses can be written."""
    for job in _jobs(file):
        for step in job["steps"]:
            assert step.get("uses", "").startswith(BESIDE_US) or step["run"].startswith("echo "), step


@each
def test_a_pull_request_is_planned_again_when_it_goes_into_another_branch(file):
    pull = _workflow(file)["on"].get("pull_request")
    if pull and _steps(file)[0]["with"].get("command") != "validate":
        assert "edited" in pull["types"]


@each
def test_it_can_be_run_by_hand_as_messages_say(file):
    """A refusal names `approve` and `image`; what is said of a fork's pull request names `pull-request`."""
    steps = [step["with"] for step in _steps(file)]
    if all(step.get("command") == "validate" or step.get("gate") == "none" for step in steps):
        return
    asked = _workflow(file)["on"]["workflow_dispatch"]["inputs"]
    assert {"approve", "image", "pull-request"} <= set(asked)
    for step in steps:
        assert step["approve"] == "${{ inputs.approve }}"
        assert step["pull-request"] == "${{ inputs.pull-request }}"
        assert "|| inputs.image" in step["image"]


@each
def test_the_files_that_it_needs_are_named_at_its_top(file):
    text = file.read_text("utf-8")
    top = text[: text.index("\nname:")]
    for step in _steps(file):
        for path in {"config", "policy"} & set(step["with"]):
            named = Path(step["with"][path])
            assert named.name in top or str(named.parent) in top.split(), named


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.name)
def test_a_page_leads_to_it(file):
    page = "getting-started.md" if file in FILES else "editors.md"
    assert f"../examples/workflows/{file.name}" in (ROOT / "docs" / page).read_text("utf-8")
