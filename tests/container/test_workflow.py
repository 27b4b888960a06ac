"""The workflow that the README tells people to copy, executed by act: a runner that nobody here wrote.

`uses: ./` stands in place of the published name. What act does otherwise than GitHub: it checks out by copying the working tree, runs
the container in the job container's network, and enforces neither permissions nor concurrency.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.stage import GITHUB_TOKEN, ROOT, TOKEN, Stage, stage

pytestmark = pytest.mark.container
EXAMPLE = ROOT / "examples" / "workflows" / "flightplan.yml"
PUBLISHED = "flightplan-dev/flightplan@v0.1.0"
BUILT = "sha256:" + "b" * 64
BUILT_FROM = (
    "action.yml", "Dockerfile", ".dockerignore", "entrypoint", "pyproject.toml", "setup.py", "README.md", "LICENSE",
    "requirements.txt", "requirements-build.txt",
)  # fmt: skip


def built_from(workspace: Path) -> None:
    """Copy what the action's image is built from."""
    for name in BUILT_FROM:
        source, target = ROOT / name, workspace / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


@pytest.fixture
def here() -> Iterator[Stage]:
    """A stage whose workspace is a repository with the example workflow and this checkout's action."""
    with stage(speed=4) as made:
        built_from(made.workspace)
        workflow = made.workspace / ".github" / "workflows" / "flightplan.yml"
        workflow.parent.mkdir(parents=True)
        workflow.write_text(_stand_in(EXAMPLE.read_text("utf-8")), "utf-8")
        yield made


def _stand_in(text: str) -> str:
    """The example with what act cannot fetch replaced: the published action, and the actions that build and push an image."""
    assert text.count(PUBLISHED) == 1
    workflow = yaml.safe_load(text.replace(PUBLISHED, "./"))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads the word as a truth
    build = workflow["jobs"]["build"]
    build["steps"] = [{"id": "push", "run": f'echo "digest={BUILT}" >> "$GITHUB_OUTPUT"'}]
    outputs = build["outputs"]
    assert "registry.fly.io/my-app:" in outputs["image"]
    outputs["image"] = outputs["image"].replace("my-app", "acme-shop")
    return yaml.safe_dump(workflow)


def _act(here: Stage, event: str, **job: str) -> tuple[int, str]:
    environment = here.environment(event)
    passed = {k: v for k, v in environment.items() if k.startswith("FLY_")} | job
    passed |= {k: environment[k] for k in ("GITHUB_API_URL", "GITHUB_REPOSITORY", "GITHUB_SHA")}
    command = [
        str(Path(sys.executable).parent / "act"), event, "-e", environment["GITHUB_EVENT_PATH"],
        "-W", ".github/workflows/flightplan.yml", "-P", "ubuntu-latest=python:3.13-slim", "--pull=false",
        "--network", "host", "--rm", "-s", f"GITHUB_TOKEN={GITHUB_TOKEN}", "-s", f"FLY_API_TOKEN={TOKEN}",
        *(part for key, value in passed.items() for part in ("--env", f"{key}={value}")),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=here.workspace,
        env={**os.environ, "HOME": str(here.folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    return done.returncode, done.stdout


def test_plans_on_the_pull_request_and_deploys_on_the_push(here: Stage) -> None:
    before = here.fleet()
    code, log = _act(here, "pull_request")
    assert code == 0, log
    assert [comment["body"].count("mailer") > 0 for comment in here.comments()] == [True], log
    assert "Flightplan says planned. " in log, "a later step reads the outputs"
    assert here.fleet() == before, "a plan writes nothing"

    here.merge()
    code, log = _act(here, "push")
    assert code == 0, log
    assert "Flightplan says deployed. " in log
    assert (len(here.plans()), len(here.outcomes())) == (1, 1)
    groups = sorted(machine["config"]["metadata"]["fly_process_group"] for machine in here.fleet())
    assert groups == ["cron", "mailer", "mailer", "web", "web", "web", "worker", "worker"]
    assert TOKEN.removeprefix("FlyV1 ") not in log
