"""The gate against GitHub's API: whatever was done to fly.toml, the image, the fleet or the comment, nothing is written."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.stage import PULL, Stage, stage

IMAGE = "registry.fly.io/acme-shop:v42"
BOT = "github-actions[bot]"


def _body(here: Stage) -> str:
    return str(here.comments()[0]["body"])


def _say(here: Stage, body: str) -> None:
    """The bot's account itself edits: a workflow with the same token can."""
    here.tell_github(f"comments/{here.comments()[0]['id']}", editor=BOT, body=body)


def _edit_file(here: Stage) -> str:
    file = here.workspace / "fly.toml"
    file.write_text(file.read_text("utf-8").replace("--threads 8", "--threads 9"), "utf-8")
    return "group web"


def _scale_by_hand(here: Stage) -> str:
    web = next(m for m in here.fleet() if m["config"]["metadata"]["fly_process_group"] == "web")
    httpx.post(f"{here.fly}/_sim/do", json={"act": "clone", "machine": web["id"]}).raise_for_status()
    return "appeared"


def _edit_record(here: Stage) -> str:
    before, mark, data = _body(here).partition("flightplan-record:1 ")
    _say(here, before + mark + ("B" if data[0] == "A" else "A") + data[1:])
    return "record"


def _edit_visible_plan(here: Stage) -> str:
    _say(here, _body(here).replace("update 6 machines", "update 5 machines"))
    return "visible plan was changed"


def _copy_comment(here: Stage) -> str:
    here.tell_github(f"pulls/{PULL}/comments", author=BOT, body=_body(here))
    return "2 comments"


def _edited_by_somebody(here: Stage) -> str:
    body = _body(here) + "\nLooks good to me."
    here.tell_github(f"comments/{here.comments()[0]['id']}", editor="mallory", body=body)
    return "edited by somebody else"


def _posted_by_somebody(here: Stage) -> str:
    body = _body(here)
    here.tell_github(f"comments/{here.comments()[0]['id']}/delete")
    here.tell_github(f"pulls/{PULL}/comments", author="mallory", body=body)
    return "not written with our token"


def _delete_comment(here: Stage) -> str:
    here.tell_github(f"comments/{here.comments()[0]['id']}/delete")
    return "no plan comment"


@pytest.mark.parametrize(
    "meddle",
    [
        _edit_file,
        _scale_by_hand,
        _edit_record,
        _edit_visible_plan,
        _copy_comment,
        _edited_by_somebody,
        _posted_by_somebody,
        _delete_comment,
    ],
)
def test_refused_and_what_moved_is_said(meddle: Callable[[Stage], str]) -> None:
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
        assert here.outputs()["plan-digest"] in log
        assert here.writes() == []
        assert here.leases() == []


def test_the_full_digest_approves_and_nothing_shorter() -> None:
    with stage(speed=20) as here:
        code, log = here.run("push", image=IMAGE)
        assert code == 4, log
        digest = here.outputs()["plan-digest"]

        code, log = here.run("workflow_dispatch", image=IMAGE, approve=digest[:8])
        assert code == 2, log
        assert "full digest" in log
        code, log = here.run("workflow_dispatch", image=IMAGE, approve="0" * 64)
        assert code == 4, log
        assert here.writes() == []

        code, log = here.run("workflow_dispatch", image=IMAGE, approve=digest)
        assert code == 0, log
        assert here.outputs()["result"] == "deployed"
