"""The image does what the command does, and holds nothing that it does not need."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.container.runner import RUNNER_USER, start
from tests.stage import GITHUB_TOKEN, ROOT, TOKEN, stage

pytestmark = pytest.mark.container
NEW_IMAGE = "registry.fly.io/acme-shop:v42"


def _python(image: str, code: str) -> str:
    done = subprocess.run(
        ["docker", "run", "--rm", "--entrypoint", "/venv/bin/python", image, "-I", "-c", code],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_plans_then_deploys_what_was_planned(image: str) -> None:
    with stage(speed=4) as here:
        code, planned = start(here, image, "pull_request", image=NEW_IMAGE).finish()
        assert code == 0, planned
        plan = here.outputs()
        assert (plan["result"], plan["changes"], plan["failure-reason"]) == ("planned", "true", "")
        file = here.workspace / plan["plan-path"]
        assert file.stat().st_uid == RUNNER_USER, (
            "a later step of the job runs as another user and must be able to delete it"
        )
        assert json.loads(file.read_text("utf-8"))["digests"]["plan"] == plan["plan-digest"]
        assert len(here.plans()) == 1
        digest = plan["plan-digest"]
        assert f"Plan `{digest[:4]}-{digest[4:8]}`" in here.comments()[0]["body"]

        here.merge()
        code, deployed = start(here, image, "push", image=NEW_IMAGE).finish()
        assert code == 0, deployed
        assert here.outputs()["result"] == "deployed"
        assert here.outputs()["plan-digest"] == plan["plan-digest"]
        assert {machine["config"]["image"].partition("@")[0] for machine in here.fleet()} == {NEW_IMAGE}
        assert len(here.plans()) == 1
        _assert_no_token(
            planned, deployed, here.comments()[0]["body"], here.summary(), file.read_text("utf-8")
        )


def _assert_no_token(*texts: str) -> None:
    """Only the commands that ask the runner to hide a token may hold it."""
    shown = "\n".join(
        line for text in texts for line in text.splitlines() if not line.startswith("::add-mask::")
    )
    assert TOKEN not in shown
    assert TOKEN.removeprefix("FlyV1 ") not in shown
    assert GITHUB_TOKEN not in shown


def test_starts_without_a_shell() -> None:
    """Checked in the Dockerfile, where act and the runner read it: a shell as PID 1 hands no signal on."""
    last = (ROOT / "Dockerfile").read_text("utf-8").rstrip().splitlines()[-1]
    assert json.loads(last.removeprefix("ENTRYPOINT ")) == [
        "/venv/bin/python",
        "-I",
        "-u",
        "-m",
        "entrypoint",
    ]


def test_holds_the_package_and_its_locks_only(image: str) -> None:
    code = "import importlib.metadata as m; print(sorted(d.name.lower().replace('_', '-') for d in m.distributions()))"
    installed = set(_python(image, code).strip("[]").replace("'", "").split(", "))
    lock = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    locked = {line.partition("==")[0].lower() for line in lock if "==" in line}
    assert installed - locked == {"flightplan"}
    assert locked <= installed


def test_carries_the_declaration_of_inputs(image: str) -> None:
    code = "from entrypoint.adapters.runner.declared import read_inputs; print(','.join(read_inputs()))"
    assert "fly-api-token" in _python(image, code).split(",")


def test_without_a_runner_it_says_what_it_can_do(image: str) -> None:
    done = subprocess.run(["docker", "run", "--rm", image], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "flightplan validate" in done.stdout
