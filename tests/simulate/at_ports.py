"""Deploys at the ports: planned and executed by the product on the simulator's world, without HTTP and without comments."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.images import ResolvedImage
from entrypoint.kernel.run import AllowDestroy, Command, Gate, Inputs
from entrypoint.modes.case import Case
from entrypoint.modes.decision import Decision, decide
from entrypoint.modes.deploy import observe
from entrypoint.modes.done import leave_done_mark
from entrypoint.modes.endings import ended_as
from entrypoint.modes.source import Source, read_source
from entrypoint.modes.world import Fly, World
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import machine_of
from entrypoint.planning.review.approval import ApprovedPlan
from entrypoint.rollout.execute import execute
from entrypoint.rollout.left_behind import remove_left
from entrypoint.rollout.ports import Answer, Release
from entrypoint.rollout.progress import MachineEvent
from tests.bench import make_inputs, make_run
from tests.ports.door import copied
from tests.severed import KilledError
from tests.simulate.invariants import is_task, promise
from tests.simulate.record import CURRENT, Record, Run
from tests.simulator.state.images import digest_of, make_manifest, split_image
from tests.simulator.state.world import World as Platform

COMMITS = {"first": "9d2f77b" + "0" * 33, "second": "4e1c0aa" + "0" * 33}


@dataclass(frozen=True, slots=True)
class Texts:
    """modes.ports.Checkout of two files."""

    manifest: str
    policy: str

    def read(self, path: str) -> bytes | None:
        """See Checkout."""
        found = {"fly.toml": self.manifest, "flightplan.toml": self.policy}.get(path)
        return found.encode() if found else None

    def head(self) -> None:
        """See Checkout."""

    def is_committed(self, path: str, data: bytes) -> bool:
        """See Checkout."""
        return True


@cache
def read_texts(texts: Texts) -> Source:
    """The same texts are parsed once."""
    return read_source(make_inputs(), texts)


@dataclass(slots=True)
class Registry:
    """modes.ports.Images of the platform."""

    platform: Platform

    async def resolve(self, image: str) -> ResolvedImage:
        """See Images."""
        registry, repository, tag, digest = split_image(image)
        digest = digest or digest_of(
            make_manifest(self.platform, registry=registry, repository=repository, tag=tag)
        )
        return ResolvedImage(ref=f"{image.partition('@')[0]}@{digest}", digest=digest)

    async def look(self, image: str) -> str:
        """See Images."""
        return (await self.resolve(image)).digest

    async def revision(self, image: str) -> str | None:
        """See Images."""
        return None


@dataclass(slots=True)
class Rows:
    """rollout.ports.Releases, kept nowhere."""

    opened: int = 0

    async def open(self, *, image: str, strategy: str, definition: Any) -> Release | None:
        """See Releases."""
        self.opened += 1
        return Release(id=f"rel_{self.opened}", version=41 + self.opened)

    async def close(self, release: Release, *, status: str) -> None:
        """See Releases."""


@dataclass(slots=True)
class Site:
    """rollout.ports.Probe: what the app's URL answers."""

    status: int = 200

    async def ask(self, url: str) -> Answer:
        """See Probe."""
        return Answer(status=self.status, body=b"")


class Silent:
    """modes.ports.Console and rollout.progress.Progress: keeps the lines of the log."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def begin(self, plan: Plan, *, by: str, headline: str) -> None:
        """See Progress."""

    def machine(self, event: MachineEvent) -> None:
        """See Progress."""
        self.lines.append(
            f"{anyio.current_time():7.2f}  {event.group} {event.machine} {event.what} {event.note}".rstrip()
        )

    def say(self, topic: str, text: str, *, ok: bool | None = None, seconds: float | None = None) -> None:
        """See Progress."""
        self.lines.append(f"{anyio.current_time():7.2f}  {topic} {text}")

    def note(self, text: str) -> None:
        """See Console."""
        self.lines.append(text)

    show = section = notice = warn = summarise = note

    def fail(self, message: str, *, hint: str = "") -> None:
        """See Console."""
        self.lines.append(message)

    def annotate(self, findings: Sequence[Finding]) -> None:
        """See Console."""

    def save(self, name: str, text: str) -> str:
        """See Console."""
        return name

    async def confirm(self, question: Callable[[], str]) -> bool:
        """See Console."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The arguments of one process of ours."""

    manifest: str
    commit: str
    groups: Sequence[str] = ()
    regions: Sequence[str] = ()


async def deploy(record: Record, run: Run, order: Order, *, site: Site, log: Silent, seed: int) -> str:
    """modes.deploy at the ports: the same plan, the same rollout, the same marks afterwards. How it ended, in a word."""
    CURRENT.set(run)
    async with record.door(
        record.sim, app=AppName("acme-shop"), dice=random.Random(seed), fate=run.fate, label=str(run.number)
    ) as machines:
        fly = Fly(machines=machines, preflight=machines.preflight, releases=Rows(), logs=None)
        try:
            case = await _observe(record, run, order, fly, site=site, log=log)
            return await _decided(record, run, case, (await decide(case)), fly)
        except (FleetError, OutsideError) as error:
            run.note = f"{type(error).__name__}: {error}"
            return "outside"


async def _observe(record: Record, run: Run, order: Order, fly: Fly, *, site: Site, log: Silent) -> Case:
    @asynccontextmanager
    async def connect(app: AppName) -> AsyncIterator[Fly]:
        yield fly

    texts = Texts(order.manifest, record.case.policy)
    world = World(
        files=texts,
        console=log,
        images=lambda: Registry(record.sim.world),
        github=None,
        fly=connect,
        probe=lambda: site,
        progress=lambda: log,
        stop=run.fate.stop,
    )
    context = make_run("push")._replace(sha=order.commit, run_id=str(run.number))
    return await observe(_inputs(record, order), context, world, read_texts(texts), fly=fly)


async def _decided(record: Record, run: Run, case: Case, decision: Decision, fly: Fly) -> str:
    if not isinstance(decision.verdict, ApprovedPlan):
        run.note = str(decision.verdict)[:300]
        return "blocked"
    run.plan = decision.plan
    begin(record, run, case.planner.fleet)
    if not run.plan.has_changes and not run.plan.resumes:
        await _leave_mark(case, fly, wrote=False)
        await remove_left(fly.machines, case.planner.fleet, key=case.key.hash)
        return "nothing-to-do"
    outcome = run.outcome = await execute(
        decision.verdict,
        machines=fly.machines,
        releases=fly.releases,
        progress=case.world.progress(),
        stop=case.world.stop,
        probe=case.world.probe(),
    )
    run.proved_at = max((s.at for s in run.sent if s.operation == "machine_list"), default=0.0)
    if outcome.halted is not None:
        run.note = f"{outcome.halted.kind}: {outcome.halted.message} {outcome.halted.detail}"
    elif outcome.succeeded:
        if not run.plan.leaves_out:
            await _leave_mark(case, fly, wrote=True)
        await remove_left(fly.machines, case.planner.fleet, key=case.key.hash)
    else:
        run.note = str(outcome.proof and outcome.proof.problems)
    return ended_as(outcome)[1]


async def _leave_mark(case: Case, fly: Fly, *, wrote: bool) -> None:
    await leave_done_mark(fly.machines, case.marks, case.world.console, contained=case.contained, wrote=wrote)


def begin(record: Record, run: Run, fleet: Fleet) -> None:
    """The fleet as the plan has seen it. If a list left out machines, the fleet counts as changed by others from then on."""
    listed = {machine.id for machine in fleet.machines}
    if any(ident not in listed and not is_task(machine) for ident, machine in record.alive().items()):
        record.touched.setdefault("*", record.now)
    for ident, machine in record.alive().items():
        if not is_task(machine):
            run.found[ident] = copied(machine.config)
            run.states[ident] = machine.state
        if machine.cordoned:
            run.cordoned.add(ident)
    assert run.plan is not None
    run.names = frozenset(machine.name for machine in fleet.machines)
    run.steps = {str(m.id): step for _, step in run.plan.steps() if (m := machine_of(step)) is not None}
    promise(record, run)


def _inputs(record: Record, order: Order) -> Inputs:
    allows = AllowDestroy.ALL if record.case.allow_destroy else AllowDestroy.NONE
    return make_inputs(
        command=Command.DEPLOY,
        gate=Gate.NONE,
        allow_destroy=allows,
        groups=tuple(order.groups),
        regions=tuple(order.regions),
    )


async def until_killed(record: Record, run: Run, order: Order, *, site: Site, log: Silent, seed: int) -> None:
    """Run the process until it ends, or is killed."""
    try:
        async with anyio.create_task_group() as process:
            run.fate.scope = process.cancel_scope
            run.result = await deploy(record, run, order, site=site, log=log, seed=seed)
    except* KilledError:
        pass
    if run.fate.dead:
        run.result = "killed"
    run.ended = record.sim.look()
