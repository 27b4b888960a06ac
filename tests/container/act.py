"""Execute the workflow files that we tell people to copy with act: a runner that nobody here wrote.

The files run as they are, but for the names of apps and folders. The published action is this checkout's; the actions of others are
those of the folder actions/. What act does otherwise than GitHub: it checks out by copying the working tree, runs the
container in the job container's network, looks at no `paths`, and enforces neither permissions nor concurrency nor environments. It names its
containers after the workflow and the job, so each test gives its workflow a name of its own and several run side by side.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.stage import GITHUB_TOKEN, ROOT, TOKEN, Stage

EXAMPLES = ROOT / "examples" / "workflows"
PUBLISHED = "flightplan-dev/flightplan@v0.1.0"
WORKFLOWS = Path(".github") / "workflows"
RUNNER = "python:3.13-slim"
"""In place of ubuntu-latest."""
MY_APP = {"my-app": "acme-shop"}
FLY_SECRETS = {"FLY_API_TOKEN": TOKEN}
BUILT_FROM = (
    "action.yml", "Dockerfile", ".dockerignore", "entrypoint", "pyproject.toml", "setup.py", "README.md", "LICENSE",
    "requirements.txt", "requirements-build.txt",
)  # fmt: skip
ACTIONS = Path(__file__).parent / "actions"
_OTHERS = {
    "docker/login-action": "docker-login",
    "docker/build-push-action": "docker-build-push",
    "superfly/flyctl-actions": "flyctl-actions",
    "github/codeql-action": "codeql-action",
}
"""Repository → folder of `ACTIONS`. actions/checkout is act's own."""
_USES = re.compile(r"uses: (?P<repository>[\w.-]+/[\w.-]+)[\w./-]*@(?P<ref>[\w.]+)")
_REACHED = ("FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_UIEX_BASE_URL", "FLY_REGISTRY_HOST")


def built_from(workspace: Path) -> None:
    """Copy what the action's image is built from."""
    for name in BUILT_FROM:
        source, target = ROOT / name, workspace / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)


def write_workflow(
    workspace: Path,
    *,
    example: str,
    renamed: Mapping[str, str] = MY_APP,
    called: str = "flightplan.yml",
) -> Path:
    """An example workflow with other words in it, as a file of the workspace; its path there."""
    text = (EXAMPLES / example).read_text("utf-8")
    for published, ours in renamed.items():
        assert published in text, f"{example} says nothing of {published}"
        text = text.replace(published, ours)
    file = workspace / WORKFLOWS / called
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    name_apart(file)
    return WORKFLOWS / called


def name_apart(file: Path) -> None:
    """Give a workflow a name that no other has."""
    text, count = re.subn(
        r"(?m)^name: .*$", f"name: flightplan-{uuid.uuid4().hex}", file.read_text("utf-8"), count=1
    )
    assert count == 1
    file.write_text(text, "utf-8")


def run_act(
    here: Stage,
    event: str,
    /,
    *,
    payload: Path,
    sha: str,
    workflow: Path = WORKFLOWS / "flightplan.yml",
    secrets: Mapping[str, str] = FLY_SECRETS,
    runner: str = RUNNER,
    options: str = "",
    released: Path | None = None,
) -> tuple[int, str]:
    """A workflow of the stage's workspace, for an event whose payload stands in a file: exit code and log.

    `released` is a folder with what the published name leads to; `runner` the image that its jobs run in, and
    `options` what `docker create` is told beside it.
    """
    passed = dict.fromkeys(_REACHED, here.fly)
    passed |= {"GITHUB_API_URL": here.github, "GITHUB_REPOSITORY": "octo/acme-shop", "GITHUB_SHA": sha}
    known = {"GITHUB_TOKEN": GITHUB_TOKEN, **secrets}
    text = (here.workspace / workflow).read_text("utf-8")
    file = here.folder / workflow.name
    file.write_text(_without_outputs_of_skipped(text, event), "utf-8")
    command = [
        str(Path(sys.executable).parent / "act"), event, "-e", str(payload), "-a", "mona",
        "-W", str(file), "-P", f"ubuntu-latest={runner}", "--pull=false", "--network", "host", "--rm", "--container-options", options,
        *(part for key, value in known.items() for part in ("-s", f"{key}={value}")),
        *(part for key, value in passed.items() for part in ("--env", f"{key}={value}")),
        *_replaced(text, released=released),
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


def _replaced(workflow: str, *, released: Path | None) -> list[str]:
    """act's options: each action that it would fetch, and the folder that stands for it."""
    folders = {name: ACTIONS / folder for name, folder in _OTHERS.items()}
    if released is not None:
        folders[PUBLISHED.partition("@")[0]] = released
    found = {(m["repository"], m["ref"]) for m in _USES.finditer(workflow)}
    return [
        part
        for repository, ref in sorted(found)
        if repository in folders
        for part in ("--local-repository", f"{repository}@{ref}={folders[repository]}")
    ]


def _without_outputs_of_skipped(workflow: str, event: str) -> str:
    """act gives the outputs of a job that it skips as they are written, `${{ … }}`; on GitHub they are empty."""
    jobs = re.split(r"(?m)^(?=  [\w-]+:)", workflow)
    is_for = [re.search(r"(?m)^    if: .*github\.event_name == '(\w+)'", job) for job in jobs]
    return "".join(
        re.sub(r"(?m)^    outputs:\n(?:      .*\n)+", "", job) if found and found[1] != event else job
        for job, found in zip(jobs, is_for, strict=True)
    )


def pushed(log: str) -> list[str]:
    """The digests that were pushed, by the action or the flyctl that stand here."""
    return re.findall(r"Pushed \S+@(sha256:[0-9a-f]{64}) ", log)
