"""The event file is foreign: whatever is in it, a run is described, and never as more trustworthy than it is."""

from __future__ import annotations

import json

import pytest

from entrypoint.adapters.runner.context import read_context
from entrypoint.adapters.runner.servers import read_servers
from entrypoint.kernel.errors import UsageError


def read(tmp_path, event, **environ):
    file = tmp_path / "event.json"
    file.write_text(event if isinstance(event, str) else json.dumps(event), "utf-8")
    given = {"GITHUB_EVENT_PATH": str(file), "GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "o/r"}
    return read_context(given | environ)


def pull(head, base="o/r"):
    return {
        "pull_request": {
            "number": 7,
            "head": {"sha": "a" * 40, "repo": {"full_name": head} if head else None},
            "base": {"repo": {"full_name": base}},
        }
    }


def test_a_pull_request_is_about_its_head_not_the_merge_commit(tmp_path):
    run = read(tmp_path, pull("o/r"), GITHUB_SHA="b" * 40)
    assert (run.sha, run.pull_number, run.from_fork) == ("a" * 40, 7, False)


@pytest.mark.parametrize("head", ["mallory/r", "", "o/r2"])
def test_another_repository_or_a_deleted_one_is_a_fork(tmp_path, head):
    assert read(tmp_path, pull(head)).from_fork


def test_names_of_repositories_have_no_case(tmp_path):
    assert not read(tmp_path, pull("O/R")).from_fork


@pytest.mark.parametrize("event", ["", "[]", "null", "{", "1" * 5000, '{"pull_request": 3}', "[" * 100_000])
def test_a_broken_event_is_an_empty_one(tmp_path, event):
    run = read(tmp_path, event)
    assert (run.pull_number, run.default_branch, run.base_branch) == (None, "", "")


def test_a_push_is_about_its_commit_and_branch(tmp_path):
    run = read(tmp_path, {}, GITHUB_EVENT_NAME="push", GITHUB_SHA="b" * 40, GITHUB_REF="refs/heads/main")
    assert (run.sha, run.base_branch, run.ref_name, run.is_deletion) == ("b" * 40, "main", "main", False)
    tag = read(tmp_path, {}, GITHUB_EVENT_NAME="push", GITHUB_SHA="b" * 40, GITHUB_REF="refs/tags/v1")
    assert (tag.base_branch, tag.ref_name) == ("", "v1")
    assert read(tmp_path, {"deleted": True}, GITHUB_EVENT_NAME="push").is_deletion
    assert not read(tmp_path, {"deleted": True}).is_deletion


def test_a_merge_group_is_about_its_commit_and_the_branch_it_goes_into(tmp_path):
    group = {"merge_group": {"head_sha": "c" * 40, "base_ref": "refs/heads/main", "base_sha": "b" * 40}}
    run = read(tmp_path, group, GITHUB_EVENT_NAME="merge_group", GITHUB_SHA="c" * 40)
    assert (run.sha, run.base_branch) == ("c" * 40, "main")


def test_who_runs_it_is_who_started_it_last(tmp_path):
    run = read(tmp_path, pull("o/r"), GITHUB_ACTOR="dependabot[bot]", GITHUB_TRIGGERING_ACTOR="mona")
    assert (run.actor, run.from_dependabot) == ("mona", True)
    assert read(tmp_path, pull("o/r"), GITHUB_ACTOR="mona").actor == "mona"
    assert not read(tmp_path, pull("o/r"), GITHUB_ACTOR="mona").from_dependabot


@pytest.mark.parametrize(
    ("ref", "workflow"),
    [
        ("o/r/.github/workflows/flight.plan-1.yml@refs/heads/main", "flight.plan-1.yml"),
        ("o/r/.github/workflows/x.yaml@refs/heads/a@b", "x.yaml"),
        ("o/r/.github/workflows/a b.yml@refs/heads/main", ""),
        ("o/r/.github/workflows/x.yml](evil)@refs/heads/main", ""),
        ("", ""),
    ],
)
def test_the_workflows_file(tmp_path, ref, workflow):
    assert read(tmp_path, {}, GITHUB_WORKFLOW_REF=ref).workflow == workflow


@pytest.mark.parametrize(
    ("text", "days"),
    [("90", 90), ("400", 400), ("", None), ("0", None), ("-1", None), ("9x", None), ("99999", None)],
)
def test_how_long_statuses_are_kept(tmp_path, text, days):
    assert read(tmp_path, {}, GITHUB_RETENTION_DAYS=text).retention_days == days


@pytest.mark.parametrize(
    ("ref", "default", "is_default"),
    [
        ("refs/heads/main", "main", True),
        ("refs/heads/dev", "main", False),
        ("refs/tags/main", "main", False),
        ("refs/heads/", "", False),
    ],
)
def test_the_default_branch(tmp_path, ref, default, is_default):
    event = {"repository": {"default_branch": default}}
    run = read(tmp_path, event, GITHUB_REF=ref, GITHUB_REF_PROTECTED="true")
    assert (run.is_on_default_branch, run.ref_is_protected) == (is_default, True)


def test_a_laptop_has_no_event():
    run = read_context({})
    assert (run.event, run.repository, run.in_actions, run.workspace) == ("", "", False, ".")


def test_a_machines_server_of_ones_own_gets_no_release_records_at_fly():
    """Its token must not be sent to Fly."""
    assert read_servers({"FLY_FLAPS_BASE_URL": "http://127.0.0.1:4280/"}).releases is None
    assert read_servers({}).releases == "https://api.fly.io"
    assert read_servers({"FLY_API_BASE_URL": "http://127.0.0.1:1"}).releases == "http://127.0.0.1:1"


@pytest.mark.parametrize("text", ["api.machines.dev", "ftp://x", "http://", "https://:80"])
def test_a_server_must_be_a_url(text):
    with pytest.raises(UsageError, match="FLY_FLAPS_BASE_URL"):
        read_servers({"FLY_FLAPS_BASE_URL": text})
