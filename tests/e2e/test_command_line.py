"""`flightplan` as a command: on a laptop, and in a workflow's own script, where only the result may be on standard output."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from tests.stage import EXAMPLE, ROOT, TOKEN, stage

FLIGHTPLAN = [sys.executable, "-I", "-m", "entrypoint"]


def run(*arguments, cwd=ROOT, **environ):
    return subprocess.run(
        [*FLIGHTPLAN, *arguments],
        cwd=cwd,
        env=environ,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("environ", [{}, {"GITHUB_ACTIONS": "true"}], ids=["laptop", "script"])
def test_validate_prints_one_json_object_and_nothing_else(tmp_path, environ):
    file = tmp_path / "fly.toml"
    file.write_text((EXAMPLE / "fly.toml").read_text("utf-8").replace('path = "/up"', 'path = "up"'), "utf-8")
    done = run("validate", "--config", "fly.toml", "--format", "json", cwd=tmp_path, **environ)
    found = json.loads(done.stdout)
    assert found["schema"] == "flightplan/validate-1"
    assert {"app", "default_group", "groups", "release", "findings", "flyctl"} <= set(found)
    assert found["groups"]["web"]["machine_config"]["init"]["cmd"] == ["bin/web", "--threads", "8"]
    assert found["release"]["machine_config"]["env"]["RELEASE_COMMAND"] == "1"
    assert {"rule", "severity", "message", "hint", "file", "line", "column", "path"} <= set(
        found["findings"][0]
    )
    assert ("::" in done.stderr) is bool(environ)


def test_validate_takes_any_path_on_a_laptop(tmp_path):
    done = run("validate", "--config", str(EXAMPLE / "fly.toml"), "--format", "json", cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["app"] == "acme-shop"


def test_plan_and_deploy_print_the_plan_as_json(tmp_path):
    with stage(speed=20) as here:
        environ = {
            "FLY_FLAPS_BASE_URL": here.fly, "FLY_API_BASE_URL": here.fly, "FLY_REGISTRY_HOST": here.fly, "FLY_API_TOKEN": TOKEN,
        }  # fmt: skip
        image = f"registry.fly.io/acme-shop@sha256:{'5' * 64}"
        words = ("--config", str(EXAMPLE / "fly.toml"), "--image", image, "--format", "json")
        planned = run("plan", *words, cwd=tmp_path, **environ)
        plan = json.loads(planned.stdout)
        assert (planned.returncode, plan["schema"], plan["changes"]) == (0, "flightplan/plan-1", True)
        assert plan["groups"]["mailer"]["ams"] == {
            "create": 2, "update": 0, "replace": 0, "destroy": 0, "keep": 0, "start": 0,
        }  # fmt: skip
        refused = run("deploy", *words, cwd=tmp_path, **environ)
        assert refused.returncode == 2
        assert "gate: none" in refused.stderr
        deployed = run("deploy", *words, "--gate", "none", cwd=tmp_path, **environ)
        assert deployed.returncode == 0, deployed.stderr
        assert json.loads(deployed.stdout)["digests"] == plan["digests"]
        again = run("plan", *words, cwd=tmp_path, **environ)
        assert (again.returncode, json.loads(again.stdout)["changes"]) == (0, False)
        assert list(tmp_path.iterdir()) == [], "a plan on a laptop writes no files"


def test_unknown_flags_and_no_command_say_what_there_is():
    assert "--wait-timeout" in run("plan", "--help").stdout
    slip = run("plan", "--no-such-flag")
    assert (slip.returncode, slip.stdout) == (2, "")
    assert "flightplan help plan" in slip.stderr
    alone = run()
    assert (alone.returncode, alone.stderr) == (0, "")
    assert alone.stdout == run("--help").stdout == run("help").stdout
    assert "flightplan validate" in alone.stdout
    step = run(GITHUB_ACTIONS="true")
    assert (step.returncode, "not a step that GitHub's runner started" in step.stdout) == (2, True)


def test_doctor__in_a_job_and_on_a_laptop(tmp_path):
    with stage(speed=20) as here:
        code, log = here.run("workflow_dispatch", command="doctor")
        told = {
            name: health
            for health, name in re.findall(r"^(ok|not ok|unknown) +(.+?)  ", log, flags=re.MULTILINE)
        }
        assert set(told) == {
            "fly.toml", "Fly token", "app", "rights", "clock", "image", "GitHub token", "comments", "statuses", "branch",
        }, log  # fmt: skip
        assert {health for name, health in told.items() if name != "clock"} == {"ok"}, log
        assert here.outputs()["result"] == ("unhealthy" if code else "healthy")
        assert "Flightplan doctor" in here.summary()
        environ = {
            "FLY_FLAPS_BASE_URL": here.fly, "FLY_API_BASE_URL": here.fly, "FLY_REGISTRY_HOST": here.fly, "FLY_API_TOKEN": TOKEN,
        }  # fmt: skip
        done = run(
            "doctor", "--config", str(EXAMPLE / "fly.toml"), "--format", "json", cwd=tmp_path, **environ
        )
        made = json.loads(done.stdout)
        assert (made["schema"], made["healthy"]) == ("flightplan/doctor-1", done.returncode == 0)
        assert here.writes() == []
        assert TOKEN.split()[1] not in done.stdout


def test_a_reader_that_goes_away_is_no_bug():
    """`flightplan … | head -1`"""
    with subprocess.Popen(
        [*FLIGHTPLAN, "validate", "--config", str(EXAMPLE / "fly.toml"), "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_that_knows_few_characters_gets_the_others_spelt(tmp_path):
    (tmp_path / "fly.toml").write_text('app = "shop"\nürl = "\U0001f6eb"\n', "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "entrypoint", "validate"],
        cwd=tmp_path,
        env={"PYTHONIOENCODING": "ascii"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, "a bare key is ASCII"
    assert "\\U0001f6eb" in done.stdout


def test_its_end_is_the_end__nothing_is_taken_apart_around_a_thread_that_still_waits() -> None:
    code = (
        "import atexit, sys; sys.argv = ['flightplan', 'version']; atexit.register(print, 'taken apart')\n"
        "from entrypoint.__main__ import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
    assert "taken apart" not in done.stdout
