"""The whole product in process, against the Machines API simulator on virtual time.

Everything is real but two doors: the network (an ASGI transport that breaks as networks do) and GitHub, which needs threads and sockets
and so has no place on a virtual clock; `Conversation` keeps the comments here. tests/e2e runs the same through GitHub's simulator.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import httpx

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.adapters.machines.releases import ReleasesClient
from entrypoint.adapters.registry.client import RegistryClient, RegistrySettings
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.reviews import Authorship, Comment, MergedPull
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
from entrypoint.modes.ports import GitHub
from entrypoint.modes.result import Result
from entrypoint.modes.world import Fly, World
from entrypoint.report.live import LiveLog
from tests.simulator.app import create
from tests.simulator.fleetfile import read_setup
from tests.simulator.http.simulator import Simulator
from tests.simulator.transport import SimulatorTransport
from tests.simulator.virtual import run_virtual

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "acme-shop"
MANIFEST = (EXAMPLE / "fly.toml").read_text("utf-8")
FLEET = json.loads((EXAMPLE / "fleet.json").read_text("utf-8"))
IMAGE = "registry.fly.io/acme-shop:v42"
BASE = "http://fly.test"
TOKEN = Secret("FlyV1 fm2_bench")
PULL = 128
HEAD, MERGED = "4e1c0aa" + "0" * 33, "9d2f77b" + "0" * 33

T = TypeVar("T")


def virtual(story: Callable[[], Awaitable[T]]) -> T:
    """Run an async story on trio's virtual clock: waiting costs nothing, and what happens at once happens in one order."""
    return run_virtual(story)


@dataclass(slots=True, kw_only=True)
class Conversation:
    """The comments of one pull request: the part of modes.ports.GitHub that is used, without a network."""

    said: list[Comment] = field(default_factory=list)
    foreign: set[int] = field(default_factory=set)
    edited: set[int] = field(default_factory=set)
    merged: bool = True
    """Whether the pushed commit came from the pull request."""
    closed: bool = False
    """Whether GitHub shows the pull request as merged to a job that plans."""

    async def comments(self, pull: int) -> tuple[Comment, ...]:
        assert pull == PULL
        return tuple(self.said)

    async def authorship(self, comments: Sequence[Comment]) -> Mapping[int, Authorship]:
        return {
            c.id: Authorship(viewer_did_author=c.id not in self.foreign, edited_by_other=c.id in self.edited)
            for c in comments
        }

    async def create_comment(self, pull: int, body: str) -> Comment:
        assert pull == PULL
        made = Comment(
            id=len(self.said) + 1,
            node_id=f"n{len(self.said)}",
            url="https://comment",
            pull=pull,
            body=body,
            author="github-actions[bot]",
            author_id=41_898_282,
        )
        self.said.append(made)
        return made

    async def edit_comment(self, comment: int, body: str) -> Comment:
        index = next(i for i, c in enumerate(self.said) if c.id == comment)
        self.said[index] = replace(self.said[index], body=body)
        return self.said[index]

    async def delete_comment(self, comment: int) -> None:
        self.said[:] = [c for c in self.said if c.id != comment]

    async def is_merged(self, pull: int) -> bool:
        assert pull == PULL
        return self.closed

    async def merged_pulls(
        self, sha: str, *, base: str, delays: Sequence[float] = ()
    ) -> tuple[MergedPull, ...]:
        del delays
        assert (sha, base) == (MERGED, "main")
        pull = MergedPull(number=PULL, merge_commit_sha=MERGED, base_ref="main", head_sha=HEAD)
        return (pull,) if self.merged else ()


@dataclass(slots=True, kw_only=True)
class Recording:
    """modes.ports.Console that remembers."""

    shown: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    annotated: list[Finding] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def show(self, text: str) -> None:
        self.shown.append(text)

    def note(self, text: str) -> None:
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


@dataclass(slots=True, kw_only=True)
class Bench:
    """An app, its files, its pull request. `run` is one job."""

    sim: Simulator
    files: dict[str, str]
    reviews: Conversation = field(default_factory=Conversation)
    console: Recording = field(default_factory=Recording)
    network: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda door: door
    """What stands between a process and the simulator: a test may cut it."""

    def _door(self) -> httpx.AsyncBaseTransport:
        return self.network(SimulatorTransport(self.sim))

    def read(self, path: str) -> bytes | None:
        """modes.ports.Files."""
        return self.files[path].encode() if path in self.files else None

    async def plan(self, **changes: Any) -> Result:
        """A job for pull_request."""
        return await plan(
            make_inputs(command=Command.PLAN, **changes), make_run("pull_request"), self.world()
        )

    async def deploy(self, *, stop: anyio.Event | None = None, event: str = "push", **changes: Any) -> Result:
        """A job for push, or another event."""
        world = self.world(stop=stop)
        return await deploy(make_inputs(command=Command.DEPLOY, **changes), make_run(event), world)

    def world(self, *, stop: anyio.Event | None = None) -> World:
        """Fresh adapters, as a new process has them."""
        self.console = Recording()
        return World(
            files=self,
            console=self.console,
            images=RegistryClient(
                settings=RegistrySettings(fly_registry=BASE),
                token=TOKEN,
                transport=self._door(),
            ),
            github=cast("GitHub", self.reviews),
            fly=self._connect,
            progress=LiveLog(self.console.note),
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
            yield Fly(machines=machines, releases=releases)

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
    return Bench(sim=sim, files={"fly.toml": manifest, **files})


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
        "fly_api_token": TOKEN,
        "github_token": Secret("ghs_bench"),
        "strategy": None,
        "max_unavailable": None,
        "wait_timeout": None,
        "gate": Gate.REVIEWED_PLAN,
        "approve": None,
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
        repository="octo/acme-shop",
        sha=HEAD if is_pull else MERGED,
        ref=f"refs/pull/{PULL}/merge" if is_pull else "refs/heads/main",
        default_branch="main",
        pull_number=PULL if is_pull else None,
        from_fork=False,
        pushed_shas=(MERGED,) if event == "push" else (),
        run_id="4711",
        run_attempt="1",
        run_url="https://github.com/octo/acme-shop/actions/runs/4711",
        api_url="https://api.github.com",
        server_url="https://github.com",
        workspace=".",
        temp=".",
        in_actions=True,
    )
