"""One job of the workflow: the checkout, the environment that the runner gives, the product's main program, and what became of it."""

from __future__ import annotations

import json
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import anyio
import trio
import yaml

from entrypoint import app
from entrypoint.kernel.json import JsonObject, digest
from entrypoint.planning.review.record import Record
from entrypoint.report import marker
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
    older: bool = False
    """It runs the previous minor version of Flightplan."""


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


class Loop(BaseException):
    """Raised in the place of the loop that a program is about to begin: what would run in it."""

    def __init__(self, story: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> None:
        super().__init__()
        self.story, self.arguments = story, arguments


@dataclass(kw_only=True)
class _Begun:
    """A job on its runner."""

    job: Job
    work: Path
    environ: Mapping[str, str]
    printed: list[str] = field(default_factory=list)

    def go(self, *, after: Loop | None = None) -> int | None:
        """The whole program; None where it was ended from outside. `after`: its loop has run already."""
        before = anyio.run
        if after is not None:
            anyio.run = self._results_of(after)  # type: ignore[assignment]
        process = app.Process(
            arguments=(), environ=self.environ, out=self.printed.append, err=self.printed.append
        )
        try:
            return app.main(process)
        except Dead:
            return None
        except BaseExceptionGroup as group:
            if group.split(Dead)[1] is not None:
                raise
            return None
        finally:
            anyio.run = before

    def loop(self) -> Loop:
        """The program up to its loop."""
        before, anyio.run = anyio.run, _raise_loop  # type: ignore[assignment]
        try:
            code = app.main(
                app.Process(
                    arguments=(), environ=self.environ, out=self.printed.append, err=self.printed.append
                )
            )
        except Loop as found:
            return found
        finally:
            anyio.run = before
        raise AssertionError(f"it ended with {code} before it asked anybody")

    def _results_of(self, loop: Loop) -> Callable[..., None]:
        def give(_story: object, *arguments: Any, **_more: Any) -> None:
            arguments[-1].result, arguments[-1].failure = (
                loop.arguments[-1].result,
                loop.arguments[-1].failure,
            )

        return give

    def end(self, code: int | None) -> Ended:
        plan = self.work / "temp" / "flightplan" / "plan.json"
        found = list(self.work.glob("**/plan.json"))
        text = (plan if plan.exists() else found[0]).read_text("utf-8") if found else "{}"
        return Ended(
            job=self.job,
            code=code,
            outputs=_read_outputs(self.work / "output"),
            log="".join(self.printed),
            summary=(self.work / "summary").read_text("utf-8"),
            plan=json.loads(text),
        )


def _raise_loop(story: Callable[..., Awaitable[Any]], *arguments: Any, **_more: Any) -> None:
    raise Loop(story, arguments)


@contextmanager
def _written_by(job: Job) -> Iterator[None]:
    """The previous minor version's records: of an older version, their plan digested in another way, and a key that we do not know."""
    module: Any = marker
    before = module.encode_record

    def encode(record: Record) -> JsonObject:
        made = before(record)
        digests = [digest([one, "older"]) for one in made["digests"]]
        return {**made, "version": "0.0.9", "digests": digests, "of_old": True}

    if job.older:
        module.encode_record = encode
    try:
        yield
    finally:
        module.encode_record = before


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
        begun = self._begin(job)
        with in_process(self.wires), _written_by(job):
            code = begun.go()
        return begun.end(code)

    def run_at_once(self, *jobs: Job, apart: int = 0) -> list[Ended]:
        """Side by side on one clock, each request of one between those of the others. Of their beginnings and ends, one after the other.

        Each begins `apart` turns of the loop after the one before.
        """
        self.wires.revive()
        begun = [self._begin(job) for job in jobs]
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with in_process(self.wires):
            loops = [one.loop() for one in begun]

            async def together() -> None:
                async with trio.open_nursery() as nursery:
                    for loop in loops:
                        nursery.start_soon(loop.story, *loop.arguments)
                        for _ in range(apart):
                            await trio.lowlevel.checkpoint()

            self.wires.run(together)
            for number, handler in handlers.items():  # they were given back in another order
                signal.signal(number, handler)
            codes = [one.go(after=loop) for one, loop in zip(begun, loops, strict=True)]
        return [one.end(code) for one, code in zip(begun, codes, strict=True)]

    def _begin(self, job: Job) -> _Begun:
        work = Path(tempfile.mkdtemp(dir=self.folder))
        (work / "temp").mkdir()
        variant = Variant.BRANCH if job.event == "push" else Variant.LOOSE
        checkout(self.wires.github.world.git, job.sha, work / "workspace", variant)
        return _Begun(job=job, work=work, environ=self._environment(job, work))

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
