"""Both simulators on loopback and the product as a subprocess, with the environment that GitHub's runner gives it.

Used by `make demo`, the end-to-end tests and the container tests.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import yaml

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "examples" / "acme-shop"
TOKEN = "FlyV1 fm2_demo"
GITHUB_TOKEN = "ghs_simulated"
PULL = 128
WRITES = ("machine_create", "machine_update", "machine_start", "machine_stop", "machine_destroy")


@cache
def _ports() -> Iterator[int]:
    """Ports of this process, below those that the system gives to outgoing connections; another process begins elsewhere."""
    return (20_000 + (os.getpid() * 50 + step) % 12_000 for step in count())


def free_port() -> int:
    """A port nobody listens on now, and no other test process will ask for."""
    for port in _ports():
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("counting does not end")


@contextmanager
def serving(module: str, *arguments: str, port: int, probe: str) -> Iterator[None]:
    """A simulator as a process of its own, until the block ends.

    It is forked off a process that has the simulators' modules loaded: loading them took most of an end-to-end test's time.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.simulator.__main__", "tests.simulator_github.__main__"])
    with tempfile.NamedTemporaryFile() as log:
        process = context.Process(
            target=_serve, args=(module, ["--port", str(port), *arguments], log.name), daemon=True
        )
        process.start()
        try:
            _await(f"http://127.0.0.1:{port}{probe}", process, Path(log.name))
            yield
        finally:
            process.terminate()
            process.join(10)


def _serve(module: str, arguments: list[str], log: str) -> None:
    """`python -m module arguments`, in a process of its own."""
    with Path(log).open("wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")


def _await(url: str, process: BaseProcess, log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not process.is_alive():
            raise RuntimeError(
                f"the simulator at {url} ended with code {process.exitcode}: {log.read_text('utf-8')}"
            )
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.02)
    raise RuntimeError(f"nothing answers at {url}")


@dataclass(slots=True, kw_only=True)
class Stage:
    """A workspace, a Fly and a GitHub of one's own."""

    folder: Path
    fly: str
    github: str
    app: str = "acme-shop"
    title: str = "web: eight threads; a mailer"
    """Of the pull request, and of its commit."""
    inputs: dict[str, str] = field(default_factory=dict)
    head_repository: str = "octo/acme-shop"
    """Another one makes the pull request that of a fork."""
    run_id: int = 4710
    committed: dict[str, dict[str, str]] = field(default_factory=dict)
    """By branch, the files as they were committed last."""

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def fleet(self) -> list[dict[str, Any]]:
        """The machines alive now, as the API lists them. A deploy may just have used up what lists there are."""
        url, headers = f"{self.fly}/v1/apps/{self.app}/machines", {"Authorization": f"Bearer {TOKEN}"}
        answer = httpx.get(url, headers=headers, timeout=10)
        for _ in range(20):
            if answer.status_code != 429:
                break
            time.sleep(0.5)
            answer = httpx.get(url, headers=headers, timeout=10)
        return [m for m in answer.raise_for_status().json() if m["state"] not in ("destroyed", "destroying")]

    def journal(self) -> list[dict[str, Any]]:
        """Every request that Fly's simulator got."""
        found: list[dict[str, Any]] = (
            httpx.get(f"{self.fly}/_sim/journal", timeout=10).raise_for_status().json()
        )
        return found

    def writes(self) -> list[dict[str, Any]]:
        """Those of them that changed a machine."""
        return [e for e in self.journal() if e["operation"] in WRITES and 200 <= (e["status"] or 0) < 300]

    def leases(self) -> list[str]:
        """Machines that somebody holds a lease on now."""
        world = httpx.get(f"{self.fly}/_sim/fleet", timeout=10).raise_for_status().json()
        return [machine["id"] for machine in world["apps"][self.app]["machines"] if machine.get("lease")]

    def groups(self) -> dict[str, int]:
        """Machines by group."""
        return dict(Counter(str(m["config"]["metadata"].get("fly_process_group")) for m in self.fleet()))

    def comments(self) -> list[dict[str, Any]]:
        """All comments on the pull request."""
        return [c for c in self.github_state()["comments"] if c["pull"] == PULL]

    def github_state(self) -> dict[str, Any]:
        """Comments, pulls and journal of the GitHub simulator."""
        found: dict[str, Any] = httpx.get(f"{self.github}/_sim/", timeout=10).raise_for_status().json()
        return found

    def tell_github(self, path: str, **fields: Any) -> Any:
        """Change its state from outside (tests/simulator_github/control.py)."""
        answer = httpx.post(f"{self.github}/_sim/{path}", json=fields, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def plans(self) -> list[str]:
        """The plan comments, oldest first."""
        return [c["body"] for c in self.comments() if c["body"].startswith("<!-- flightplan:2 ")]

    def outcomes(self) -> list[str]:
        """The comments that tell how a deploy ended."""
        return [c["body"] for c in self.comments() if c["body"].startswith("<!-- flightplan-outcome:2 ")]

    def _commit(self, branch: str) -> str:
        """Push what the workspace's files say otherwise; the branch's commit."""
        files = {
            str(path.relative_to(self.workspace)): path.read_text("utf-8")
            for path in sorted(self.workspace.rglob("*"))
            if path.is_file() and path.relative_to(self.workspace).parts[0] not in (".git", ".flightplan")
        }
        before = self.committed.get(branch, {})
        changes = {p: t for p, t in files.items() if before.get(p) != t} | {
            p: None for p in before if p not in files
        }
        if changes or branch not in self.committed:
            start = self.github_state()["branches"]["main"]
            self.tell_github("do/commit", branch=branch, changes=changes, message=self.title, start=start)
            self.committed[branch] = files
        return str(self.github_state()["branches"][branch])

    def _is_merged(self) -> bool:
        pulls = [p for p in self.github_state()["pulls"] if p["number"] == PULL]
        return bool(pulls) and pulls[0]["closed"] is not None

    def _check_out(self, event: str) -> tuple[str, str]:
        """Commit what is in the workspace, and put its .git there: the commit that GITHUB_SHA is, and the pull request's head."""
        if event != "pull_request":
            sha = self._commit("main")
            head = sha
        elif self._is_merged():
            (pull,) = [p for p in self.github_state()["pulls"] if p["number"] == PULL]
            sha, head = pull["merge_commit_sha"], pull["head_sha"]
        else:
            head = self._commit("threads")
            if PULL not in [p["number"] for p in self.github_state()["pulls"]]:
                self.tell_github("do/open_pull", head="threads", title=self.title)
            sha = self.tell_github("do/merge_ref_of", number=PULL)
        self.tell_github("do/check_out", sha=sha, folder=str(self.workspace))
        return sha, head

    def environment(self, event: str, **inputs: str) -> dict[str, str]:
        """What the runner puts into the container's environment (actions/runner Handler.cs, GitHubContext.cs)."""
        declared = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
        defaults = {name: str(spec.get("default", "")) for name, spec in declared.items()}
        defaults |= {"fly-api-token": TOKEN, "github-token": GITHUB_TOKEN}
        values = defaults | self.inputs | {name.replace("_", "-"): value for name, value in inputs.items()}
        for name in ("output", "summary"):
            (self.folder / name).write_text("", "utf-8")
        ref = "refs/heads/main" if event != "pull_request" else f"refs/pull/{PULL}/merge"
        sha, head = self._check_out(event)
        self.run_id += 1
        return {
            **{
                k: v
                for k, v in os.environ.items()
                if k in ("PATH", "LANG", "COVERAGE_PROCESS_START", "VIRTUAL_ENV")
            },
            **{f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in values.items()},
            "FLY_FLAPS_BASE_URL": self.fly,
            "FLY_API_BASE_URL": self.fly,
            "FLY_UIEX_BASE_URL": self.fly,
            "FLY_REGISTRY_HOST": self.fly,
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_API_URL": self.github,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "octo/acme-shop",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self._event(event, sha=sha, head=head)),
            "GITHUB_REF": ref,
            "GITHUB_SHA": sha,
            "GITHUB_ACTOR": "mona",
            "GITHUB_TRIGGERING_ACTOR": "mona",
            "GITHUB_RUN_ID": str(self.run_id),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "HOME": str(self.folder),
        }

    def _event(self, event: str, *, sha: str, head: str) -> Path:
        repository = {"full_name": "octo/acme-shop", "default_branch": "main"}
        bodies: Mapping[str, dict[str, Any]] = {
            "pull_request": {
                "action": "synchronize",
                "number": PULL,
                "repository": repository,
                "pull_request": {
                    "number": PULL,
                    "head": {"sha": head, "ref": "threads", "repo": {"full_name": self.head_repository}},
                    "base": {"ref": "main", "repo": {"full_name": "octo/acme-shop"}},
                },
            },
            "push": {
                "ref": "refs/heads/main",
                "after": sha,
                "repository": repository,
                "commits": [{"id": sha}],
                "head_commit": {"id": sha},
            },
            "workflow_dispatch": {"ref": "refs/heads/main", "repository": repository, "inputs": {}},
        }
        path = self.folder / "event.json"
        path.write_text(json.dumps(bodies[event]), "utf-8")
        return path

    def start(self, event: str, **inputs: str) -> subprocess.Popen[str]:
        """The product, running. Its standard output and error are one pipe."""
        return subprocess.Popen(
            [sys.executable, "-I", "-u", "-m", "entrypoint"],
            env=self.environment(event, **inputs),
            cwd=self.workspace,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, event: str, **inputs: str) -> tuple[int, str]:
        """Run it to its end: exit code and log."""
        process = self.start(event, **inputs)
        log, _ = process.communicate(timeout=180)
        return process.returncode, log

    def outputs(self) -> dict[str, str]:
        """GITHUB_OUTPUT of the last run, parsed as the runner does (FileCommandManager.cs)."""
        found: dict[str, str] = {}
        lines = iter((self.folder / "output").read_text("utf-8").splitlines())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            body: list[str] = []
            for inner in lines:
                if inner == delimiter:
                    break
                body.append(inner)
            found[name] = "\n".join(body)
        return found

    def summary(self) -> str:
        """The job summary of the last run."""
        return (self.folder / "summary").read_text("utf-8")

    def merge(self) -> None:
        """The pull request is merged. What the files are given afterwards is pushed straight to main."""
        if not self._is_merged():
            self.tell_github("do/merge_pull", number=PULL)
            self.committed["main"] = dict(self.committed["threads"])


@contextmanager
def stage(
    *,
    fleet: Path = EXAMPLE / "fleet.json",
    manifest: Path = EXAMPLE / "fly.toml",
    speed: float = 1.0,
    faults: Path | None = None,
    app: str = "acme-shop",
) -> Iterator[Stage]:
    """Both simulators, a workspace with `manifest` as fly.toml, and an open pull request.

    What was said to the Machines API, and what it answered, must have been within Fly's OpenAPI document.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flightplan-")))
        (folder / "workspace").mkdir()
        (folder / "temp").mkdir()
        shutil.copy(manifest, folder / "workspace" / "fly.toml")
        fly_port, github_port = free_port(), free_port()
        extra = ["--faults", str(faults)] if faults else []
        stack.enter_context(
            serving(
                "tests.simulator",
                "--fleet",
                str(fleet),
                "--speed",
                str(speed),
                "--contract",
                *extra,
                port=fly_port,
                probe="/_sim/fleet",
            )
        )
        stack.enter_context(serving("tests.simulator_github", port=github_port, probe="/_sim/"))
        made = Stage(
            folder=folder,
            fly=f"http://127.0.0.1:{fly_port}",
            github=f"http://127.0.0.1:{github_port}",
            app=app,
        )
        made.tell_github("do/commit", branch="main", changes={"README.md": "A shop"}, message="First")
        made.tell_github("pulls", number=PULL - 1)
        made.tell_github("do/close_pull", number=PULL - 1)
        yield made
        violations = httpx.get(f"{made.fly}/_sim/contract", timeout=10).json()["violations"]
        assert not violations, "\n".join(violations)
