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
    assert (run.pull_number, run.default_branch, run.pushed_shas) == (None, "", ())


def test_a_push_names_its_commits_newest_first(tmp_path):
    event = {"commits": [{"id": "1"}, {"id": "2"}, {"id": None}, 5]}
    run = read(tmp_path, event, GITHUB_EVENT_NAME="push", GITHUB_SHA="2")
    assert run.pushed_shas == ("2", "1")


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
