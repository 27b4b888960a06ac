"""The whole product in process, against the Machines API simulator on virtual time.

Everything is real but two doors: an ASGI transport that breaks as networks do stands for Fly's, tests/github_here.py for GitHub's.
tests/e2e runs the same over sockets.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import anyio
import httpx

from entrypoint.adapters.github.pull_requests import GithubPullRequests
from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.logs import LogsClient
from entrypoint.adapters.machines.releases import ReleasesClient
from entrypoint.adapters.registry.client import RegistryClient, RegistrySettings
from entrypoint.adapters.verify.probe import HttpsProbe
from entrypoint.kernel.checkout import Head
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import (
    AllowDestroy,
    Command,
    CommentMode,
    Compat,
    Format,
    Gate,
    Inputs,
    RunContext,
    Servers,
)
from entrypoint.kernel.secrets import Secret
from entrypoint.modes.deploy import deploy
from entrypoint.modes.plan import plan
from entrypoint.modes.result import Result
from entrypoint.modes.world import Fly, World
from entrypoint.report.outcome.live import LiveLog
from entrypoint.rollout.ports import Probe
from tests.github_here import here, serve_here
from tests.simulator.app import create
from tests.simulator.fleetfile import read_setup
from tests.simulator.http.simulator import Simulator
from tests.simulator.transport import SimulatorTransport
from tests.simulator.virtual import run_virtual
from tests.simulator_github import branches
from tests.simulator_github.server import Simulator as GithubSimulator
from tests.simulator_github.world import Comment as GithubComment

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "acme-shop"
MANIFEST = (EXAMPLE / "fly.toml").read_text("utf-8")
FLEET = json.loads((EXAMPLE / "fleet.json").read_text("utf-8"))
IMAGE = "registry.fly.io/acme-shop:v42"
BASE = "http://fly.test"
TOKEN = Secret("FlyV1 fm2_bench")
PULL = 128
STARTED = 1_790_000_000
HEAD, MERGED = "4e1c0aa" + "0" * 33, "9d2f77b" + "0" * 33

T = TypeVar("T")


def virtual(story: Callable[[], Awaitable[T]]) -> T:
    """Run an async story on trio's virtual clock: waiting costs nothing, and what happens at once happens in one order."""
    with here():
        return run_virtual(story)


@dataclass(slots=True, kw_only=True)
class Recording:
    """modes.ports.Console that remembers."""

    shown: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    annotated: list[Finding] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    says_yes: bool = True

    def show(self, text: str) -> None:
        self.shown.append(text)

    def note(self, text: str) -> None:
        self.log.append(text)

    def section(self, title: str) -> None:
        self.sections.append(title)

    def notice(self, text: str) -> None:
        self.log.append(text)

    def warn(self, text: str) -> None:
        self.log.append(text)

    def fail(self, message: str, *, hint: str = "") -> None:
        self.log.append(f"{message}\n{hint}")

    def annotate(self, findings: Sequence[Finding]) -> None:
        self.annotated.extend(findings)

    def summarise(self, markdown: str) -> None:
        self.summaries.append(markdown)

    def save(self, name: str, text: str) -> str:
        self.files[name] = text
        return name

    async def confirm(self, question: Callable[[], str]) -> bool:
        self.asked.append(question())
        return self.says_yes


@dataclass(slots=True, kw_only=True)
class Bench:
    """An app, its files, its repository. `plan` and `deploy` are one job each.

    `files` are what somebody wrote: `plan` commits them to the branch of a pull request, `deploy` merges it, and pushes what is still
    different straight to main.
    """

    sim: Simulator
    files: dict[str, str]
    github: GithubSimulator
    address: str
    console: Recording = field(default_factory=Recording)
    network: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda door: door
    """What stands between a process and the simulator: a test may cut it."""
    probe: Probe = field(default_factory=lambda: HttpsProbe(allow_loopback=False))
    """How the app's own URL is asked."""
    says_yes: bool = True
    """What the person at the terminal answers."""
    pull: int = PULL
    """The newest pull request."""
    runs: int = 4711
    checked_out: Head | None = None

    def _door(self) -> httpx.AsyncBaseTransport:
        return self.network(SimulatorTransport(self.sim))

    def read(self, path: str) -> bytes | None:
        """modes.ports.Checkout."""
        return self.files[path].encode() if path in self.files else None

    def head(self) -> Head | None:
        """The commit that the last job checked out."""
        return self.checked_out

    def is_committed(self, path: str, data: bytes) -> bool:
        """Everything is."""
        return self.read(path) == data

    def propose(self) -> None:
        """Commit the files to the pull request's branch; where there is none open, open one."""
        repository = self.github.world
        pull = repository.pulls.get(self.pull)
        if pull is None or pull.closed is not None:
            self.pull = PULL if pull is None else self.pull + 1
            branch, start = f"change-{self.pull}", repository.branches["main"].sha
            branches.commit(repository, branch, self._changes(start), message="A change", start=start)
            made = branches.open_pull(repository, branch)
            del repository.pulls[made.number]
            made.number = self.pull
            repository.pulls[self.pull] = made
        elif changes := self._changes(pull.head_sha):
            branches.commit(repository, pull.head_ref, changes, message="More")

    def merge(self) -> None:
        """Press the button, if it is open."""
        pull = self.github.world.pulls.get(self.pull)
        if pull is not None and pull.closed is None:
            branches.merge_pull(self.github.world, self.pull)

    def push(self) -> None:
        """Straight to main: what the files say otherwise."""
        repository = self.github.world
        if changes := self._changes(repository.branches["main"].sha):
            branches.commit(repository, "main", changes, message="Pushed")

    def _changes(self, sha: str) -> dict[str, str | None]:
        """The files against those of a commit."""
        git = self.github.world.git
        there = {path: git.read(entry.oid).decode() for path, entry in git.files(sha).items()}
        changed: dict[str, str | None] = {p: t for p, t in self.files.items() if there.get(p) != t}
        return changed | {path: None for path in there if path not in self.files and path != "README.md"}

    async def plan(self, *, propose: bool = True, **changes: Any) -> Result:
        """A job for pull_request."""
        if propose:
            self.propose()
        repository, pull = self.github.world, self.github.world.pulls[self.pull]
        merge = branches.merge_ref(repository, pull) if pull.closed is None else pull.merge_commit_sha
        assert merge is not None
        self._check_out(merge)
        self.runs += 1
        run = make_run("pull_request")._replace(
            sha=pull.head_sha,
            ref=f"refs/pull/{self.pull}/merge",
            pull_number=self.pull,
            base_branch=pull.base_ref,
            run_id=str(self.runs),
        )
        return await plan(make_inputs(command=Command.PLAN, **changes), run, self.world())

    async def deploy(
        self, *, stop: anyio.Event | None = None, event: str = "push", again: bool = False, **changes: Any
    ) -> Result:
        """A job for push, or another event, on main's tip. `again`: the last run once more."""
        self.merge()
        self.push()
        tip = self.github.world.branches["main"].sha
        return await self.deploy_commit(tip, stop=stop, event=event, again=again, **changes)

    async def deploy_commit(
        self,
        sha: str,
        *,
        stop: anyio.Event | None = None,
        event: str = "push",
        again: bool = False,
        **changes: Any,
    ) -> Result:
        """The job of a commit of main."""
        self._check_out(sha)
        self.runs += not again
        run = make_run(event)._replace(sha=sha, run_id=str(self.runs))
        inputs = make_inputs(command=Command.DEPLOY, **changes)
        return await deploy(inputs, run, self.world(stop=stop))

    def _check_out(self, sha: str) -> None:
        info = self.github.world.git.info(sha)
        self.checked_out = Head(sha=sha, tree=info.tree, parents=info.parents)

    def said(self, *, outcome: bool = False) -> list[GithubComment]:
        """Our plan comments, or those that tell how a deploy ended; oldest first."""
        mark = "<!-- flightplan-outcome:2 " if outcome else "<!-- flightplan:2 "
        return [c for _, c in sorted(self.github.world.comments.items()) if c.body.startswith(mark)]

    @property
    def planned(self) -> str:
        """The newest plan comment."""
        return self.said()[-1].body

    @property
    def told(self) -> str:
        """The newest comment that says how a deploy ended."""
        return self.said(outcome=True)[-1].body

    def world(self, *, stop: anyio.Event | None = None) -> World:
        """Fresh adapters, as a new process has them."""
        self.console = Recording(says_yes=self.says_yes)
        return World(
            files=self,
            console=self.console,
            images=lambda: RegistryClient(
                settings=RegistrySettings(fly_registry=BASE),
                token=TOKEN,
                transport=self._door(),
            ),
            github=GithubPullRequests(
                token=Secret("ghs_simulated"), repository="octo/acme-shop", api_url=self.address
            ),
            fly=self._connect,
            probe=lambda: self.probe,
            progress=lambda: LiveLog(self.console.note, section=self.console.section),
            stop=stop or anyio.Event(),
        )

    @asynccontextmanager
    async def _connect(self, app: AppName) -> AsyncIterator[Fly]:
        async with MachinesClient(
            app=app,
            base_url=BASE,
            token=TOKEN,
            transport=self._door(),
        ) as machines:
            releases = ReleasesClient(app=app, base_url=BASE, token=TOKEN, transport=self._door())
            logs = LogsClient(app=app, base_url=BASE, token=TOKEN, transport=self._door())
            yield Fly(machines=machines, preflight=machines.preflight, releases=releases, logs=logs)

    def machines(self) -> dict[str, Any]:
        """The machines alive now, by id; after the story, as it left them."""
        with suppress(anyio.NoEventLoopError):
            self.sim.look()
        found = self.sim.world.apps["acme-shop"].machines
        return {id_: m for id_, m in found.items() if m.state not in ("destroyed", "destroying")}

    def groups(self) -> dict[str, list[Any]]:
        """The same by group, release machines left out."""
        groups: dict[str, list[Any]] = {}
        for machine in self.machines().values():
            name = machine.config["metadata"].get("fly_process_group", "")
            if name != "fly_app_release_command":
                groups.setdefault(name, []).append(machine)
        return groups

    def writes(self) -> list[str]:
        """Mutating requests that were executed, as `operation machine`."""
        kinds = ("machine_create", "machine_update", "machine_destroy", "machine_start", "machine_stop")
        return [
            f"{e.operation} {e.machine or ''}".strip()
            for e in self.sim.journal.entries
            if e.operation in kinds and 200 <= (e.status or 0) < 300
        ]

    def leases(self) -> list[str]:
        """Machines that somebody holds a lease on now."""
        machines = self.machines()
        return [
            id_
            for id_, m in machines.items()
            if m.lease is not None and m.lease.expires_at > self.sim.world.now
        ]


def deploy_beside(
    bench: Bench, *beside: Callable[[], Any], first: Callable[[], object] | None = None, **inputs: Any
) -> Result:
    """A deploy without a gate; `first` happens before it, `beside` while it runs."""

    async def story() -> Result:
        if first is not None:
            first()
        async with anyio.create_task_group() as group:
            for task in beside:
                group.start_soon(task)
            result = await bench.deploy(gate=Gate.NONE, **{"wait_timeout": 45.0, **inputs})
            group.cancel_scope.cancel()
        return result

    return virtual(story)


def as_recorded(bench: Bench) -> dict[str, Any]:
    """Every machine's config by id, as a rollback must leave it: a tag may have become its digest, and the mark of a release command
    that has run stays."""
    found = {}
    for machines in bench.groups().values():
        for machine in machines:
            kept = {k: v for k, v in machine.config["metadata"].items() if k != "flightplan_released"}
            found[machine.id] = {**machine.config, "metadata": kept, "image": machine.image.digest}
    return found


def make_bench(
    *,
    manifest: str = MANIFEST,
    fleet: Mapping[str, Any] = FLEET,
    faults: Mapping[str, Any] | None = None,
    **files: str,
) -> Bench:
    """The demo's app, unless told otherwise."""
    setup = read_setup(dict(fleet), faults=dict(faults) if faults else None, seed=0)
    sim = create(
        setup.world,
        rules=setup.rules,
        tokens=setup.tokens or None,
        rate_limits=setup.rate_limits,
        replica_lag=setup.replica_lag,
    )
    github = GithubSimulator(checks=False)
    ticks = itertools.count(STARTED)
    github.world.now = lambda: next(ticks)  # the same story has the same commits, whenever it is told
    branches.commit(github.world, "main", {"README.md": "A shop"}, message="First")
    return Bench(sim=sim, files={"fly.toml": manifest, **files}, github=github, address=serve_here(github))


def make_inputs(**changes: Any) -> Inputs:
    """The defaults of action.yml, parsed."""
    values: dict[str, Any] = {
        "command": Command.PLAN,
        "config": "fly.toml",
        "policy": None,
        "app": None,
        "environment": "",
        "image": IMAGE,
        "scale": None,
        "groups": (),
        "regions": (),
        "fly_api_token": TOKEN,
        "github_token": Secret("ghs_bench"),
        "strategy": None,
        "max_unavailable": None,
        "wait_timeout": None,
        "gate": Gate.REVIEWED,
        "approve": None,
        "pull_request": None,
        "record_key": None,
        "allow_destroy": AllowDestroy.NONE,
        "on_failure": None,
        "comment": CommentMode.ALWAYS,
        "compat": Compat.FLIGHTPLAN,
        "format": Format.TEXT,
        "servers": Servers(machines=BASE, api=BASE, releases=BASE, registry=BASE),
    }
    return Inputs(**values | changes)


def make_run(event: str) -> RunContext:
    """A workflow run of octo/acme-shop."""
    is_pull = event == "pull_request"
    return RunContext(
        event=event,
        action="synchronize" if is_pull else "",
        repository="octo/acme-shop",
        sha=HEAD if is_pull else MERGED,
        ref=f"refs/pull/{PULL}/merge" if is_pull else "refs/heads/main",
        ref_is_protected=False,
        default_branch="main",
        base_branch="main",
        pull_number=PULL if is_pull else None,
        from_fork=False,
        from_dependabot=False,
        is_deletion=False,
        actor="mona",
        started_at=STARTED,
        retention_days=90,
        run_id="4711",
        run_attempt="1",
        run_url="https://github.com/octo/acme-shop/actions/runs/4711",
        workflow="flightplan.yml",
        api_url="https://api.github.com",
        server_url="https://github.com",
        workspace=".",
        temp=".",
        in_actions=True,
    )
