"""Execute the workflow files that we tell people to copy with act: a runner that nobody here wrote.

`uses: ./` stands in place of the published name. What act does otherwise than GitHub: it checks out by copying the working tree, runs
the container in the job container's network, and enforces neither permissions nor concurrency. It names its containers after
the workflow and the job, so each test gives its workflow a name of its own and several run side by side.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.stage import GITHUB_TOKEN, ROOT, TOKEN, Stage

EXAMPLES = ROOT / "examples" / "workflows"
PUBLISHED = "flightplan-dev/flightplan@v0.1.0"
BUILT_FROM = (
    "action.yml", "Dockerfile", ".dockerignore", "entrypoint", "pyproject.toml", "setup.py", "README.md", "LICENSE",
    "requirements.txt", "requirements-build.txt",
)  # fmt: skip
_WORKFLOW = Path(".github") / "workflows" / "flightplan.yml"
_REACHED = ("FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_UIEX_BASE_URL", "FLY_REGISTRY_HOST")


def built_from(workspace: Path) -> None:
    """Copy what the action's image is built from."""
    for name in BUILT_FROM:
        source, target = ROOT / name, workspace / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def write_workflow(workspace: Path, *, example: str, push: str, action: str = "./") -> None:
    """An example workflow, with what act cannot fetch replaced: the published action, and the actions that build and push an image.

    `push` is the command that stands for these; the step's outputs are read as theirs. `action` is what `uses:` names.
    """
    text = (EXAMPLES / example).read_text("utf-8")
    assert text.count(PUBLISHED) == 1
    workflow: dict[Any, Any] = yaml.safe_load(text.replace(PUBLISHED, action).replace("my-app", "acme-shop"))
    workflow["on"] = workflow.pop(True)  # YAML 1.1 reads the word as a truth
    workflow["name"] = f"Flightplan-{uuid.uuid4().hex}"
    build = workflow["jobs"]["build"]
    kept = [step for step in build["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    build["steps"] = [*kept, {"id": "push", "run": push}]
    file = workspace / _WORKFLOW
    file.parent.mkdir(parents=True)
    file.write_text(yaml.safe_dump(workflow), "utf-8")


def run_act(
    here: Stage,
    event: str,
    /,
    *,
    payload: Path,
    sha: str,
    job: Mapping[str, str] | None = None,
    released: Path | None = None,
) -> tuple[int, str]:
    """The workflow in the stage's workspace, for an event whose payload stands in a file: exit code and log.

    `released` is a checkout of what the published name leads to.
    """
    passed = dict.fromkeys(_REACHED, here.fly) | dict(job or {})
    passed |= {"GITHUB_API_URL": here.github, "GITHUB_REPOSITORY": "octo/acme-shop", "GITHUB_SHA": sha}
    command = [
        str(Path(sys.executable).parent / "act"), event, "-e", str(payload),
        "-W", str(_WORKFLOW), "-P", "ubuntu-latest=python:3.13-slim", "--pull=false",
        "--network", "host", "--rm", "-s", f"GITHUB_TOKEN={GITHUB_TOKEN}", "-s", f"FLY_API_TOKEN={TOKEN}",
        *(part for key, value in passed.items() for part in ("--env", f"{key}={value}")),
        *([] if released is None else ["--local-repository", f"{PUBLISHED}={released}"]),
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
