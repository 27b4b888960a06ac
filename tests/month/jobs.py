"""One job of the workflow: the checkout, the environment that the runner gives, the product's main program, and what became of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from entrypoint import app
from tests.month.process import FLY_URL, Dead, Wires, in_process
from tests.simulator_github.checkout import Variant, checkout
from tests.simulator_github.world import Pull, QueueEntry

ROOT = Path(__file__).resolve().parent.parent.parent
FLY_TOKEN = "FlyV1 fm2_month"
GITHUB_TOKEN = "ghs_simulated"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What starts: an event, the commit that is checked out, and the step's inputs."""

    event: str
    sha: str
    ref: str
    payload: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    run: int = 1
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How it ended. `code` None: the runner died, or was stopped."""

    job: Job
    code: int | None
    outputs: Mapping[str, str]
    log: str
    summary: str
    plan: Mapping[str, Any]
    """plan.json, or nothing."""

    @property
    def result(self) -> str:
        """The action's output of that name."""
        return self.outputs.get("result", "")


@lru_cache(maxsize=1)
def _declared() -> Mapping[str, str]:
    inputs = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    return {name: str(spec.get("default", "")) for name, spec in inputs.items()}


@dataclass(kw_only=True)
class Runner:
    """A self-hosted runner without neighbours: one job after the other."""

    wires: Wires
    folder: Path
    retention_days: int = 90

    def run(self, job: Job, *, before: Callable[[], object] = lambda: None) -> Ended:
        """To its end."""
        self.wires.revive()
        before()
        work = Path(tempfile.mkdtemp(dir=self.folder))
        (work / "temp").mkdir()
        variant = Variant.BRANCH if job.event == "push" else Variant.LOOSE
        checkout(self.wires.github.world.git, job.sha, work / "workspace", variant)
        printed: list[str] = []
        process = app.Process(
            arguments=(), environ=self._environment(job, work), out=printed.append, err=printed.append
        )
        try:
            with in_process(self.wires):
                code: int | None = app.main(process)
        except (Dead, KeyboardInterrupt):  # the second: stopped while nobody listened for signals
            code = None
        except BaseExceptionGroup as group:
            if group.split(Dead)[1] is not None:
                raise
            code = None
        plan = work / "temp" / "flightplan" / "plan.json"
        found = list(work.glob("**/plan.json"))
        text = (plan if plan.exists() else found[0]).read_text("utf-8") if found else "{}"
        return Ended(
            job=job,
            code=code,
            outputs=_read_outputs(work / "output"),
            log="".join(printed),
            summary=(work / "summary").read_text("utf-8"),
            plan=json.loads(text),
        )

    def _environment(self, job: Job, work: Path) -> dict[str, str]:
        values = {
            **_declared(),
            "fly-api-token": FLY_TOKEN,
            "github-token": GITHUB_TOKEN,
            **job.inputs,
        }
        for name in ("output", "summary"):
            (work / name).write_text("", "utf-8")
        (work / "event.json").write_text(json.dumps(job.payload), "utf-8")
        world = self.wires.github.world
        branch = world.branches.get(job.ref.removeprefix("refs/heads/"))
        return {
            **{f"INPUT_{name.upper()}": value for name, value in values.items()},
            **dict.fromkeys(("FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_UIEX_BASE_URL"), FLY_URL),
            "FLY_REGISTRY_HOST": FLY_URL,
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_API_URL": self.wires.github_url,
            "GITHUB_GRAPHQL_URL": f"{self.wires.github_url}/graphql",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": world.repository,
            "GITHUB_EVENT_NAME": job.event,
            "GITHUB_EVENT_PATH": str(work / "event.json"),
            "GITHUB_ACTOR": "mona",
            "GITHUB_TRIGGERING_ACTOR": "mona",
            "GITHUB_REF": job.ref,
            "GITHUB_REF_NAME": job.ref.removeprefix("refs/heads/").removeprefix("refs/"),
            "GITHUB_REF_PROTECTED": "true" if branch and branch.protected else "false",
            "GITHUB_SHA": job.sha,
            "GITHUB_RUN_ID": str(job.run),
            "GITHUB_RUN_ATTEMPT": str(job.attempt),
            "GITHUB_WORKFLOW": "deploy",
            "GITHUB_WORKFLOW_REF": f"{world.repository}/.github/workflows/deploy.yml@{job.ref}",
            "GITHUB_RETENTION_DAYS": str(world.retention_days),
            "GITHUB_WORKSPACE": str(work / "workspace"),
            "GITHUB_OUTPUT": str(work / "output"),
            "GITHUB_STEP_SUMMARY": str(work / "summary"),
            "RUNNER_TEMP": str(work / "temp"),
            "HOME": str(work),
        }


def pull_request_job(wires: Wires, pull: Pull, sha: str, *, action: str, **fields: Any) -> Job:
    """The job of pull_request: the test merge is checked out."""
    world = wires.github.world
    head = pull.head_repository if pull.head_repository is not None else world.repository
    return Job(
        event="pull_request",
        sha=sha,
        ref=f"refs/pull/{pull.number}/merge",
        payload={
            "action": action,
            "number": pull.number,
            "repository": _repository(wires),
            "pull_request": {
                "number": pull.number,
                "draft": pull.draft,
                "state": "open",
                "merged": False,
                "user": {"login": pull.author},
                "head": {"sha": pull.head_sha, "ref": pull.head_ref, "repo": {"full_name": head}},
                "base": {
                    "sha": pull.base_sha,
                    "ref": pull.base_ref,
                    "repo": {"full_name": world.repository},
                },
            },
            **({"changes": {"base": {"ref": {"from": "other"}}}} if action == "edited" else {}),
        },
        **fields,
    )


def push_job(wires: Wires, branch: str, *, before: str, after: str, **fields: Any) -> Job:
    """The job of a push."""
    git = wires.github.world.git
    commits = git.between(before, after) if git.contains(after, before) else [after]
    return Job(
        event="push",
        sha=after,
        ref=f"refs/heads/{branch}",
        payload={
            "ref": f"refs/heads/{branch}",
            "before": before,
            "after": after,
            "repository": _repository(wires),
            "commits": [{"id": sha} for sha in commits[-20:]],
            "head_commit": {"id": after},
        },
        **fields,
    )


def merge_group_job(wires: Wires, entry: QueueEntry, **fields: Any) -> Job:
    """The job of merge_group: the queue's commit is checked out, and the payload names no pull request."""
    branch = f"gh-readonly-queue/main/pr-{entry.pull}-{entry.base}"
    return Job(
        event="merge_group",
        sha=entry.head,
        ref=f"refs/heads/{branch}",
        payload={
            "action": "checks_requested",
            "repository": _repository(wires),
            "merge_group": {
                "head_sha": entry.head,
                "head_ref": f"refs/heads/{branch}",
                "base_sha": entry.base,
                "base_ref": "refs/heads/main",
                "head_commit": {"id": entry.head, "tree_id": wires.github.world.git.info(entry.head).tree},
            },
        },
        **fields,
    )


def dispatch_job(wires: Wires, branch: str, **fields: Any) -> Job:
    """The job of a workflow_dispatch on the branch's newest commit."""
    return Job(
        event="workflow_dispatch",
        sha=wires.github.world.branches[branch].sha,
        ref=f"refs/heads/{branch}",
        payload={"ref": f"refs/heads/{branch}", "repository": _repository(wires), "inputs": {}},
        **fields,
    )


def _repository(wires: Wires) -> dict[str, Any]:
    world = wires.github.world
    return {"full_name": world.repository, "default_branch": world.default_branch}


def _read_outputs(path: Path) -> dict[str, str]:
    """GITHUB_OUTPUT, parsed as the runner does (FileCommandManager.cs)."""
    found: dict[str, str] = {}
    lines = iter(path.read_text("utf-8").splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        body: list[str] = []
        for inner in lines:
            if inner == delimiter:
                break
            body.append(inner)
        found[name] = "\n".join(body)
    return found
