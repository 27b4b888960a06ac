"""Run the image as GitHub's runner runs a container action's step, and cancel it as the runner does.

The `docker run` line is that of actions/runner DockerCommandManager.cs and ContainerActionHandler.cs (v2.336), but for the network:
the simulators listen on this machine's loopback. Cancelling is ProcessInvoker.cs: the docker client gets SIGINT, SIGTERM after
7.5 s and SIGKILL after 10 s; the container gets what the client hands on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.stage import Stage

RUNNER_USER = 1001
_FOLDERS = {
    "runner_temp": "_temp",
    "home": "_temp/_github_home",
    "workflow": "_temp/_github_workflow",
    "file_commands": "_temp/_runner_file_commands",
}
"""Folder below /github in the container → folder on the runner."""
_OURS = ("INPUT_", "GITHUB_", "FLY_", "RUNNER_")


@dataclass(slots=True, kw_only=True)
class Step:
    """One running step."""

    client: subprocess.Popen[str]
    name: str
    here: Stage

    def finish(self) -> tuple[int, str]:
        """Wait for its end: exit code and log. Its output and summary are then those of the stage."""
        log, _ = self.client.communicate(timeout=180)
        commands = self.here.folder / "_temp" / "_runner_file_commands"
        for file in ("output", "summary"):
            (self.here.folder / file).write_text((commands / file).read_text("utf-8"), "utf-8")
        return self.client.returncode, log

    def cancel(self) -> tuple[str, float]:
        """Cancel it as the runner does: the last signal that was needed, and the seconds until the client ended."""
        begun = time.monotonic()
        for sent, patience in ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 10.0)):
            self.client.send_signal(sent)
            try:
                self.client.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            return sent.name, time.monotonic() - begun
        raise AssertionError("the docker client survives SIGKILL")

    def is_alive(self) -> bool:
        """Whether the container, not its client, still exists."""
        found = subprocess.run(
            ["docker", "ps", "--all", "--quiet", "--filter", f"name=^{self.name}$"],
            check=True,
            capture_output=True,
            text=True,
        )
        return bool(found.stdout.strip())


def start(
    here: Stage,
    image: str,
    event: str,
    /,
    *,
    job: Mapping[str, str] | None = None,
    entrypoint: Sequence[str] = (),
    **inputs: str,
) -> Step:
    """Start the step. `job` is the workflow's own `env:`; `entrypoint` replaces the image's, for controls only."""
    environment = _environment(here, event, **inputs) | dict(job or {})
    name = f"flightplan_test_{os.getpid()}_{time.monotonic_ns()}"
    command = [
        "docker",
        "run",
        "--name",
        name,
        "--label",
        f"flightplan-test={os.getpid()}",
        "--workdir",
        "/github/workspace",
        "--rm",
    ]
    for variable in environment:
        command += ["-e", variable]
    for inside, outside in _FOLDERS.items():
        command += ["-v", f"{here.folder / outside}:/github/{inside}"]
    command += ["-v", f"{here.workspace}:/github/workspace", "--network", "host"]
    if entrypoint:
        command += ["--entrypoint", entrypoint[0]]
    client = subprocess.Popen(
        [
            "env",
            *(f"{key}={value}" for key, value in environment.items()),
            *_found(command),
            image,
            *entrypoint[1:],
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Step(client=client, name=name, here=here)


def _found(command: list[str]) -> list[str]:
    """The docker client by its path: the step's own PATH may lead nowhere."""
    path = subprocess.run(["which", "docker"], check=True, capture_output=True, text=True).stdout.strip()
    return [path, *command[1:]]


def _environment(here: Stage, event: str, **inputs: str) -> dict[str, str]:
    """The stage's environment with the container's paths; the folders and files behind them, owned by the runner's user."""
    given = here.environment(event, **inputs)
    for outside in _FOLDERS.values():
        (here.folder / outside).mkdir(parents=True, exist_ok=True)
    commands = here.folder / _FOLDERS["file_commands"]
    for file in ("output", "summary"):
        (commands / file).write_text("", "utf-8")
    event_file = here.folder / _FOLDERS["workflow"] / "event.json"
    event_file.write_bytes(Path(given["GITHUB_EVENT_PATH"]).read_bytes())
    for path in (here.folder, *here.folder.rglob("*")):
        os.chown(path, RUNNER_USER, RUNNER_USER, follow_symlinks=False)
    return {key: value for key, value in given.items() if key.startswith(_OURS)} | {
        "GITHUB_ACTIONS": "true",
        "CI": "true",
        "HOME": "/github/home",
        "GITHUB_WORKSPACE": "/github/workspace",
        "GITHUB_EVENT_PATH": "/github/workflow/event.json",
        "GITHUB_OUTPUT": "/github/file_commands/output",
        "GITHUB_STEP_SUMMARY": "/github/file_commands/summary",
        "RUNNER_TEMP": "/github/runner_temp",
        "RUNNER_OS": "Linux",
        "RUNNER_ARCH": "X64",
    }
