"""The gate against GitHub's API over sockets: whatever was done to fly.toml, the image, the fleet or the comment, nothing is written."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx
import pytest

from tests.stage import PULL, Stage, stage

IMAGE = "registry.fly.io/acme-shop:v42"
BOT = "github-actions[bot]"


def _edit_file(here: Stage) -> str:
    """Straight to main, after the merge."""
    file = here.workspace / "fly.toml"
    file.write_text(file.read_text("utf-8").replace("--threads 8", "--threads 9"), "utf-8")
    return "which came without a pull request"


def _edit_by_hand(here: Stage) -> str:
    worker = next(m for m in here.fleet() if m["config"]["metadata"]["fly_process_group"] == "worker")
    act = {"act": "update", "machine": worker["id"], "config": {"env": {"X": "1"}}}
    httpx.post(f"{here.fly}/_sim/do", json=act).raise_for_status()
    return "Edited by hand: env.X on 1 machine of worker"


def _edit_plan(here: Stage) -> str:
    """The bot's account itself edits: a workflow with the same token can."""
    comment = here.comments()[0]
    here.tell_github(f"comments/{comment['id']}", editor=BOT, body=comment["body"].replace("6", "5"))
    return "no review shows what was there before"


def _posted_by_somebody(here: Stage) -> str:
    comment = here.comments()[0]
    here.tell_github(f"comments/{comment['id']}/delete")
    here.tell_github(f"pulls/{PULL}/comments", author="mallory", body=comment["body"])
    return "no review shows what was there before"


@pytest.mark.parametrize("meddle", [_edit_file, _edit_by_hand, _edit_plan, _posted_by_somebody])
def test_refused_and_what_is_missing_is_said(meddle: Callable[[Stage], str]) -> None:
    with stage() as here:
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 0, log
        here.merge()
        said = meddle(here)

        code, log = here.run("push", image=IMAGE)

        assert code == 4, log
        assert here.outputs()["result"] == "not-reviewed"
        assert here.outputs()["failure-reason"] == "not-reviewed"
        assert said in log
        assert here.outputs()["comment-url"] in log
        assert "approve: " in here.outcomes()[-1]
        assert here.writes() == []
        assert here.leases() == []
        assert here.github_state()["violations"] == []


def test_a_strangers_copy_of_the_plan_stops_nothing() -> None:
    with stage(speed=20) as here:
        here.run("pull_request", image=IMAGE)
        here.tell_github(f"pulls/{PULL}/comments", author="mallory", body=here.comments()[0]["body"])
        here.merge()
        code, log = here.run("push", image=IMAGE)
        assert code == 0, log
        assert here.outputs()["result"] == "deployed"


def test_the_full_digest_approves_and_nothing_shorter() -> None:
    with stage(speed=20) as here:
        code, log = here.run("push", image=IMAGE)
        assert code == 4, log
        digest = re.findall(r"approve: ([0-9a-f]{64})", log)[0]

        code, log = here.run("workflow_dispatch", image=IMAGE, approve=digest[:8])
        assert code == 2, log
        assert "full digest" in log
        code, log = here.run("workflow_dispatch", image=IMAGE, approve="0" * 64)
        assert code == 4, log
        assert here.writes() == []

        code, log = here.run("workflow_dispatch", image=IMAGE, approve=digest)
        assert code == 0, log
        assert here.outputs()["result"] == "deployed"
        assert "approved by mona with the approve input" in log


@pytest.mark.parametrize("lacks", ["pull-requests", "statuses"])
def test_a_job_that_cannot_leave_evidence_fails_and_names_the_permission(lacks: str) -> None:
    with stage() as here:
        may = {"contents": "read", "metadata": "read", "pull-requests": "write", "statuses": "write"}
        permissions = may | {lacks: "read"}
        here.tell_github("tokens", token="ghs_less", login=BOT, permissions=permissions)
        code, log = here.run("pull_request", image=IMAGE, github_token="ghs_less")
        assert code == 6, log
        assert f"{lacks}: write" in log
        assert "update 6 machines, create 2" in here.summary()
