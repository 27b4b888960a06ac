"""The awkward cases, each as the person in front of it sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stage import EXAMPLE, stage

IMAGE = "registry.fly.io/acme-shop:v42"


def _fleet(folder: Path, **changes: object) -> Path:
    fleet = json.loads((EXAMPLE / "fleet.json").read_text("utf-8")) | changes
    file = folder / "fleet.json"
    file.write_text(json.dumps(fleet), "utf-8")
    return file


def test_a_pull_request_from_a_fork_is_validated_only() -> None:
    with stage() as here:
        here.head_repository = "mallory/acme-shop"
        code, log = here.run("pull_request", image=IMAGE, fly_api_token="")
        assert code == 0, log
        assert here.outputs()["result"] == "valid"
        assert "comes from a fork" in log
        assert "comes from a fork" in here.summary()
        assert here.journal() == []
        assert here.comments() == []


def test_a_fork_sees_its_mistakes_as_annotations() -> None:
    with stage() as here:
        here.head_repository = "mallory/acme-shop"
        file = here.workspace / "fly.toml"
        file.write_text(
            file.read_text("utf-8").replace("internal_port = 8080", 'internal_port = "a"'), "utf-8"
        )
        code, log = here.run("pull_request", image=IMAGE, fly_api_token="")
        assert code == 1, log
        assert here.outputs()["failure-reason"] == "findings"
        line = file.read_text("utf-8").splitlines().index('  internal_port = "a"') + 1
        assert f"file=fly.toml,line={line}," in log


def test_without_a_fly_token_the_files_are_still_checked() -> None:
    with stage() as here:
        code, log = here.run("pull_request", image=IMAGE, fly_api_token="")
        assert code == 0, log
        assert here.outputs()["result"] == "valid"
        assert "there is no Fly token" in log

        code, log = here.run("pull_request", command="plan", image=IMAGE, fly_api_token="")
        assert code == 2, log
        assert here.outputs()["failure-reason"] == "wrong-inputs"
        assert "fly tokens create deploy" in log


def test_an_unknown_app_is_named() -> None:
    with stage() as here:
        code, log = here.run("pull_request", image=IMAGE, app="acme-shopp")
        assert code == 6, log
        assert here.outputs()["failure-reason"] == "outside-failed"
        assert "acme-shopp" in log
        assert "Traceback" not in log


@pytest.mark.parametrize(
    ("token", "event", "said"),
    [
        ("FlyV1 fm2_other", "pull_request", "complete and not expired"),
        ("FlyV1 fm2_reader", "push", "fly tokens create deploy"),
    ],
    ids=["unknown", "read-only"],
)
def test_a_token_without_rights_says_what_it_lacks(tmp_path: Path, token: str, event: str, said: str) -> None:
    tokens = [{"text": "fm2_demo"}, {"text": "fm2_reader", "read_only": True}]
    with stage(fleet=_fleet(tmp_path, tokens=tokens)) as here:
        here.run("pull_request", image=IMAGE)
        here.merge()
        code, log = here.run(event, image=IMAGE, fly_api_token=token)
        assert code in (5, 6), log
        assert said in log
        assert here.writes() == []
        shown = "\n".join(line for line in log.splitlines() if not line.startswith("::add-mask::"))
        assert token not in shown
        assert token.removeprefix("FlyV1 ") not in shown


def test_an_app_of_400_machines_is_planned_and_fits_a_comment(tmp_path: Path) -> None:
    fleet = json.loads((EXAMPLE / "fleet.json").read_text("utf-8"))
    web = next(m for m in fleet["machines"] if m["config"] == "web")
    fleet["machines"] += [{**web, "id": f"{n:014x}"} for n in range(1, 395)]
    with stage(fleet=_fleet(tmp_path, machines=fleet["machines"])) as here:
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 0, log
        assert here.outputs()["updated"] == "400"
        body = here.comments()[0]["body"]
        assert "update 400 machines, create 2" in body
        assert len(body) <= 65_536
        data = json.loads((here.workspace / here.outputs()["plan-path"]).read_text("utf-8"))
        assert len(data["steps"]) == 402


def test_a_plan_too_long_for_a_comment_is_shortened_never_cut() -> None:
    """GitHub takes 65,536 characters: what would be destroyed stays, and plan.json has everything."""
    with stage() as here:
        file = here.workspace / "fly.toml"
        commands = "\n".join(f'g{n} = "bin/{n} {"x" * 300}"' for n in range(300))
        text = file.read_text("utf-8").replace('worker = "bin/worker --queue default"', commands)
        file.write_text(text, "utf-8")
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 3, log
        assert here.outputs()["failure-reason"] == "blocked"
        body = here.comments()[0]["body"]
        assert len(body) <= 65_536
        assert "Destroy 2 machines of `worker`" in body
        assert body.count("<details") == body.count("</details>")
        assert "not shown: the job summary and plan.json have everything" in body
        code, log = here.run("pull_request", image=IMAGE)
        assert len(here.comments()) == 1


def test_no_fly_toml_says_where_it_looked() -> None:
    with stage() as here:
        (here.workspace / "fly.toml").unlink()
        code, log = here.run("pull_request", image=IMAGE)
        assert code == 2, log
        assert "There is no file fly.toml" in log
