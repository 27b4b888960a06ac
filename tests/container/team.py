"""A repository with example workflows, on both simulators: what people do there, and the jobs that this starts in act."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.container.act import FLY_SECRETS, PUBLISHED, RUNNER, WORKFLOWS, run_act
from tests.stage import GITHUB_TOKEN, Stage

OURS = "octo/acme-shop"
_REPOSITORY = {"full_name": OURS, "default_branch": "main"}
Ran = tuple[int, str]
"""Exit code of act, and its log."""


@dataclass(slots=True, kw_only=True)
class Team:
    """The jobs are those of `workflow`, a file of the workspace. `action` is a folder with what the published name leads to."""

    here: Stage
    action: Path
    workflow: Path = WORKFLOWS / "flightplan.yml"
    secrets: Mapping[str, str] = field(default_factory=lambda: FLY_SECRETS)
    runner: str = RUNNER
    options: str = ""

    @property
    def main(self) -> str:
        return str(self.here.github_state()["branches"]["main"])

    def begin(self) -> None:
        """The workspace is the repository's first commit."""
        self.here._commit("main")

    def open(self, name: str, changes: Mapping[str, str], *, fork: str | None = None) -> int:
        """A pull request of main as it is now, of this repository or a fork."""
        tell, branch = self.here.tell_github, f"{fork}:{name}" if fork else name
        tell("do/commit", branch=branch, changes=changes, message=name, start=self.main)
        return int(tell("do/open_pull", head=name, title=name, fork=fork)["number"])

    def plan(self, number: int) -> Ran:
        """The job of pull_request, on the test merge. That of a fork's reads only, and has no secrets."""
        sha = self.here.tell_github("do/merge_ref_of", number=number)
        (pull,) = [p for p in self.here.github_state()["pulls"] if p["number"] == number]
        head_repository = pull["head_repository"] or OURS
        payload = {
            "action": "synchronize",
            "number": number,
            "pull_request": {
                "number": number,
                "head": {
                    "sha": pull["head_sha"],
                    "ref": pull["head_ref"],
                    "repo": {"full_name": head_repository},
                },
                "base": {"ref": "main", "repo": {"full_name": OURS}},
            },
        }
        return self._act("pull_request", sha, payload, is_fork=head_repository != OURS)

    def merge(self, number: int) -> Ran:
        """By the button, whether it is up to date or not; the job of the push."""
        self.here.tell_github("do/merge_pull", number=number)
        return self.push()

    def push(self, changes: Mapping[str, str | None] | None = None) -> Ran:
        """The job of the push; with `changes`, of a commit that somebody makes on main."""
        if changes:
            self.here.tell_github("do/commit", branch="main", changes=changes, message="By hand")
        sha = self.main
        payload = {
            "ref": "refs/heads/main",
            "after": sha,
            "commits": [{"id": sha}],
            "head_commit": {"id": sha},
        }
        return self._act("push", sha, payload)

    def enqueue(self, number: int) -> Ran:
        """The job of merge_group, on the commit that main would become."""
        entry = self.here.tell_github("do/enqueue", number=number)
        payload = {
            "action": "checks_requested",
            "merge_group": {
                "head_sha": entry["head"],
                "head_ref": f"refs/heads/gh-readonly-queue/main/pr-{number}-{entry['base']}",
                "base_sha": entry["base"],
                "base_ref": "refs/heads/main",
                "head_commit": {"id": entry["head"]},
            },
        }
        return self._act("merge_group", entry["head"], payload)

    def dispatch(self, **inputs: str) -> Ran:
        """Somebody runs the workflow by hand, from main."""
        payload = {"ref": "refs/heads/main", "inputs": inputs}
        return self._act("workflow_dispatch", self.main, payload)

    def starts(self, event: str, paths: Iterable[str]) -> bool:
        """Whether GitHub would start it for a change of these files. act starts it always."""
        patterns = self._read()["on"][event].get("paths", ["**"])
        return any(re.fullmatch(_as_regex(pattern), path) for pattern in patterns for path in paths)

    def _read(self) -> dict[Any, Any]:
        found: dict[Any, Any] = yaml.safe_load((self.here.workspace / self.workflow).read_text("utf-8"))
        found["on"] = found.pop(True)  # YAML 1.1 reads the word as a truth
        return found

    def _allow(self, *, is_fork: bool) -> None:
        """GITHUB_TOKEN may do what the jobs that run Flightplan ask for, and no more. GitHub adds `metadata` to each."""
        jobs = self._read()["jobs"].values()
        allowed = {
            scope: "read" if is_fork else level
            for job in jobs
            if any(step.get("uses") == PUBLISHED for step in job["steps"])
            for scope, level in job["permissions"].items()
        }
        self.here.tell_github(
            "tokens",
            token=GITHUB_TOKEN,
            login="github-actions[bot]",
            permissions={"metadata": "read", **allowed},
        )

    def _act(self, event: str, sha: str, payload: Mapping[str, Any], *, is_fork: bool = False) -> Ran:
        """The workflow of that commit."""
        here = self.here
        here.tell_github("do/check_out", sha=sha, folder=str(here.workspace))
        git = ["git", "-c", f"safe.directory={here.workspace}", "-C", str(here.workspace)]
        for command in (["checkout", "--force", sha, "--", "."], ["clean", "-ffdxq"]):
            subprocess.run([*git, *command], check=True, capture_output=True)
        self._allow(is_fork=is_fork)
        file = here.folder / "event.json"
        file.write_text(json.dumps({"repository": _REPOSITORY, **payload}), "utf-8")
        return run_act(
            here,
            event,
            payload=file,
            sha=sha,
            workflow=self.workflow,
            secrets={} if is_fork else self.secrets,
            runner=self.runner,
            options=self.options,
            released=self.action,
        )


def _as_regex(pattern: str) -> str:
    """GitHub's filter pattern: ** is any path, * any part of a name."""
    words = re.split(r"(\*\*/|\*\*|\*)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return "".join(known.get(word, re.escape(word)) for word in words)


def machines(here: Stage, app: str) -> list[dict[str, Any]]:
    """An app's machines, whatever token opens it."""
    world = httpx.get(f"{here.fly}/_sim/fleet", timeout=10).raise_for_status().json()
    return [m for m in world["apps"][app]["machines"] if m["state"] not in ("destroyed", "destroying")]


def plans(here: Stage, number: int) -> list[str]:
    """The plan comments of a pull request, oldest first."""
    comments = [c["body"] for c in here.github_state()["comments"] if c["pull"] == number]
    return [body for body in comments if body.startswith("<!-- flightplan:2 ")]


def asked(log: str) -> dict[str, str]:
    """The inputs that a refusal's job summary names, to approve what is missing."""
    return dict(re.findall(r"^(approve|image): (\S+)$", log, re.MULTILINE))


def digests(found: Iterable[Mapping[str, Any]]) -> set[str]:
    """Of the images that machines run."""
    return {machine["config"]["image"].partition("@")[2] for machine in found}


def by_hand(here: Stage, act: str, **words: Any) -> None:
    """Something that a person or chance does to the fleet (tests/simulator/state/hands.py)."""
    httpx.post(f"{here.fly}/_sim/do", json={"act": act, **words}, timeout=10).raise_for_status()
