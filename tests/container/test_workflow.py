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

from tests.stage import GITHUB_TOKEN, MERGED, ROOT, TOKEN, Stage, stage

pytestmark = pytest.mark.container
EXAMPLE = ROOT / "examples" / "workflows" / "flightplan.yml"
PUBLISHED = "flightplan-dev/flightplan@v0.1.0"
BUILT_FROM = (
    "action.yml", "Dockerfile", ".dockerignore", "entrypoint", "pyproject.toml", "setup.py", "README.md", "LICENSE",
    "requirements.txt", "requirements-build.txt",
)  # fmt: skip


@pytest.fixture
def here() -> Iterator[Stage]:
    """A stage whose workspace is a repository with the example workflow and this checkout's action."""
    with stage(speed=4) as made:
        for name in BUILT_FROM:
            source, target = ROOT / name, made.workspace / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        text = EXAMPLE.read_text("utf-8")
        assert text.count(PUBLISHED) == 1
        workflow = made.workspace / ".github" / "workflows" / "flightplan.yml"
        workflow.parent.mkdir(parents=True)
        workflow.write_text(text.replace(PUBLISHED, "./"), "utf-8")
        for command in (["init", "-q", "-b", "main"], ["add", "--all"], ["commit", "-q", "-m", "The app"]):
            _git(made.workspace, *command)
        yield made


def _git(folder: Path, *arguments: str) -> None:
    author = ["-c", "user.name=mona", "-c", "user.email=mona@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


def _act(here: Stage, event: str, **job: str) -> tuple[int, str]:
    environment = here.environment(event)
    passed = {k: v for k, v in environment.items() if k.startswith("FLY_")} | job
    passed |= {k: environment[k] for k in ("GITHUB_API_URL", "GITHUB_REPOSITORY")}
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
    code, log = _act(here, "push", GITHUB_SHA=MERGED)
    assert code == 0, log
    assert "Flightplan says deployed. " in log
    assert len(here.comments()) == 1
    groups = sorted(machine["config"]["metadata"]["fly_process_group"] for machine in here.fleet())
    assert groups == ["cron", "mailer", "mailer", "web", "web", "web", "worker", "worker"]
    assert TOKEN.removeprefix("FlyV1 ") not in log
