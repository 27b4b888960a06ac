"""One schedule at the ports: a case, what goes wrong with its deploy, and what must hold on the way and in the end."""

from __future__ import annotations

import copy
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import anyio

from entrypoint.adapters.machines.client import MachinesClient
from entrypoint.rollout.halting import Halting
from entrypoint.rollout.leases import TTL
from entrypoint.rollout.outcome import Halted
from tests.ports.door import make_ported
from tests.ports.fate import Fate
from tests.simulate import invariants
from tests.simulate.at_ports import COMMITS, Order, Silent, Site, until_killed
from tests.simulate.case import CASES, Case, draw_case
from tests.simulate.hands import act
from tests.simulate.misfortune import Misfortune, Way, draw_misfortunes
from tests.simulate.record import CURRENT, Record, Run, Sent
from tests.simulator.app import create
from tests.simulator.faults import Rule
from tests.simulator.fleetfile import read_setup
from tests.simulator.http.call import Call
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.refusals import Refusal
from tests.simulator.virtual import run_virtual

ENDINGS = ("deployed", "nothing-to-do")
QUIET = 260.0
"""Seconds after which a person's lease, and an answer that was held, are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`pause`: seconds between the end of the runs that go wrong and the one without faults."""

    seed: int
    case: Case
    misfortunes: tuple[Misfortune, ...]
    pause: float

    @property
    def is_plain(self) -> bool:
        """Whether nothing goes wrong."""
        return self.seed == plain_seed(self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """How a plain schedule goes."""

    way: Way
    shape: dict[str, Any]
    sizes: Counter[tuple[str, str]]
    result: str
    told: tuple[str, ...]
    wrong: tuple[str, ...]


TOGETHER = 10
"""Seeds in a row have the same case. One of them is plain: nothing goes wrong. Only when that has been played, what goes wrong with the
others can be drawn, because it says when things happen.
"""
PLAIN = 1
"""Which of them."""
STRIDE = 241
"""From the case of ten seeds to that of the next ten: all have their turn, and each is far from the last."""
_REFERENCES: dict[int, Reference] = {}
"""By the seed of the plain schedule. A cache: the same seed always goes the same way."""


def plain_seed(seed: int) -> int:
    """That of the schedule in which nothing goes wrong, of those that have this seed's case."""
    return seed // TOGETHER * TOGETHER + PLAIN


def draw(seed: int) -> Schedule:
    """The same for the same seed."""
    case = draw_case(seed // TOGETHER * STRIDE % CASES)
    if seed == plain_seed(seed):
        return Schedule(seed=seed, case=case, misfortunes=(), pause=0.0)
    dice = random.Random(f"schedule {seed}")
    misfortunes = draw_misfortunes(dice, case, find_reference(seed).way)
    return Schedule(seed=seed, case=case, misfortunes=misfortunes, pause=dice.choice([0.0, 40.0, 90.0]))


def find_reference(seed: int) -> Reference:
    """How the plain schedule of this seed's case goes. Played once."""
    plain = plain_seed(seed)
    if plain not in _REFERENCES:
        record = play(draw(plain))
        run = record.runs[0]
        _REFERENCES[plain] = Reference(
            way=Way(requests=max(1, run.fate.seen), seconds=max(1.0, (run.ended or 0.0) - run.begun)),
            shape=invariants.shape(record),
            sizes=invariants.sizes(record),
            result=run.result,
            told=tuple(record.told),
            wrong=tuple(record.wrong),
        )
    return _REFERENCES[plain]


def forget_references() -> None:
    """The engine has changed."""
    _REFERENCES.clear()


def play(schedule: Schedule, *, door: Callable[..., MachinesClient] = make_ported) -> Record:
    """What happened, and what broke."""
    record = _make(schedule)
    record.door = door
    with _watching_halts(record):
        run_virtual(lambda: _tell(record, schedule), seed=schedule.seed)
    return record


def _make(schedule: Schedule) -> Record:
    setup = read_setup(copy.copy(schedule.case.fleet), faults=None, seed=schedule.seed)
    sim = create(setup.world, rate_limits=setup.rate_limits, latency=schedule.case.latency)
    record = Record(case=schedule.case, sim=sim, stable=frozenset(setup.world.apps["acme-shop"].volumes))
    tell = sim.world.changed

    def changed(ident: str) -> None:
        tell(ident)
        invariants.changed(record, ident)

    sim.world.changed = changed
    sim.witness = lambda deed: invariants.done(record, deed)
    for ident in record.app.machines:
        invariants.changed(record, ident)
    return record


@contextmanager
def _watching_halts(record: Record) -> Iterator[None]:
    """Note when a run was halted, and why."""
    halt = Halting.halt

    def noting(self: Halting, halted: Halted) -> None:
        is_first = self.halted is None
        halt(self, halted)
        run = CURRENT.get()
        if is_first and run is not None:
            run.halted = (record.sim.look(), halted.kind)

    Halting.halt = noting  # type: ignore[method-assign]
    try:
        yield
    finally:
        Halting.halt = halt  # type: ignore[method-assign]


async def _tell(record: Record, schedule: Schedule) -> None:
    case = schedule.case
    order = Order(manifest=case.manifest, commit=COMMITS["first"])
    record.sim.look()
    await _go_wrong(record, schedule, order)
    if not schedule.is_plain:
        await _heal(record, schedule)
    if case.after != case.manifest:
        order = Order(manifest=case.after, commit=COMMITS["second"])
    await _converge(record, order, seed=schedule.seed)
    invariants.ttl(record)
    invariants.volumes(record)
    invariants.requests(record)
    invariants.release(record)
    if not schedule.is_plain and not record.touched:
        _compare(record, find_reference(schedule.seed))


async def _converge(record: Record, order: Order, *, seed: int) -> None:
    """A run without faults arrives, and the next finds nothing to do."""
    again = await _run(record, order, number=91, seed=seed)
    excused = bool(record.touched) and again.result == "blocked"
    if again.result not in ENDINGS and not excused:
        record.say(f"converges: the run that is left alone ends {again.result}")
    if again.result == "nothing-to-do":
        return
    last = await _run(record, order, number=92, seed=seed)
    if last.result != "nothing-to-do" and not excused:
        record.say(f"converges: the run after it ends {last.result}")


def _compare(record: Record, reference: Reference) -> None:
    there = invariants.shape(record)
    if there != reference.shape and not _keeps_half(record):
        record.say(f"converges: the fleet is {there} instead of {reference.shape}")
    there_sizes = invariants.sizes(record)
    if there_sizes != reference.sizes:
        record.say(f"converges: the volumes are {dict(there_sizes)} instead of {dict(reference.sizes)}")


def _keeps_half(record: Record) -> bool:
    """A first deploy was cut off, and another plan went on: a group without a declared count keeps the machines that it has."""
    other = record.case.has("another change") or record.runs[0].misfortunes_of("filter")
    return record.case.has("first deploy") and other


async def _go_wrong(record: Record, schedule: Schedule, order: Order) -> None:
    """One run with its misfortunes, and another one beside it, perhaps."""
    wrong, sim = schedule.misfortunes, record.sim
    sim.rules[:] = [Rule(**m.words) for m in wrong if m.kind == "rule"]
    record.rules = tuple(sim.rules)
    sim.world.behaviours[:] = [Behaviour(**m.words) for m in wrong if m.kind == "ill"]
    site = Site(status=500 if any(m.kind == "breach" for m in wrong) else 200)
    record.is_ill = bool(sim.world.behaviours) or site.status != 200
    chosen: dict[str, Any] = next((m.words for m in wrong if m.kind == "filter"), {})
    begun = sim.look()
    async with anyio.create_task_group() as group:
        others = [m for m in wrong if m.kind == "other run"]
        for misfortune in wrong:
            if misfortune.is_foreign and misfortune.kind != "other run":
                group.start_soon(_act, record, misfortune, begun)
        fate = _draw_fate(wrong)
        run = _make_run(record, order, fate, number=1, misfortunes=wrong)
        for misfortune in wrong:
            if misfortune.at is not None and misfortune.kind in ("kill", "cancel"):
                group.start_soon(_end_it, run, misfortune)
        async with anyio.create_task_group() as runs:
            for number, misfortune in enumerate(others, start=2):
                other = _make_run(record, order, Fate(), number=number, misfortunes=wrong)
                runs.start_soon(_after, misfortune.at or 0.0, record, other, order, schedule.seed)
            await _finish(record, run, replace(order, **chosen), site=site, seed=schedule.seed)
        group.cancel_scope.cancel()


async def _act(record: Record, misfortune: Misfortune, begun: float) -> None:
    await act(record, misfortune, begun=begun)


async def _after(seconds: float, record: Record, run: Run, order: Order, seed: int) -> None:
    await anyio.sleep(seconds)
    record.touched.setdefault("*", record.sim.look())
    await _finish(record, run, order, site=Site(), seed=seed + run.number)


async def _end_it(run: Run, misfortune: Misfortune) -> None:
    await anyio.sleep(misfortune.at or 0.0)
    if run.is_over:
        return
    if misfortune.kind == "kill":
        run.fate.kill_now()
    else:
        run.fate.stop.set()


def _draw_fate(wrong: Sequence[Misfortune]) -> Fate:
    kill = next((m for m in wrong if m.kind == "kill" and m.nth is not None), None)
    cancel = next((m for m in wrong if m.kind == "cancel" and m.nth is not None), None)
    return Fate(
        kill=kill.nth if kill else None,
        executed=kill.executed if kill else True,
        cancel=cancel.nth if cancel else None,
    )


def _make_run(
    record: Record, order: Order, fate: Fate, *, number: int, misfortunes: tuple[Misfortune, ...] = ()
) -> Run:
    run = Run(number=number, commit=order.commit, fate=fate, begun=record.sim.look(), misfortunes=misfortunes)

    def told(operation: str, call: Call) -> None:
        is_refresh = operation == "lease_acquire" and call.nonce is not None
        name = call.path.get("machine") or (call.body.get("name", "") if isinstance(call.body, dict) else "")
        sent = Sent(
            at=record.sim.look(),
            operation="lease_refresh" if is_refresh else operation,
            machine=name,
            body=call.body,
        )
        invariants.begun(record, run, sent)

    fate.on_request = told
    record.runs.append(run)
    return run


async def _run(record: Record, order: Order, *, number: int, seed: int) -> Run:
    """One run without faults."""
    run = _make_run(record, order, Fate(), number=number)
    await _finish(record, run, order, site=Site(), seed=seed + number)
    return run


async def _finish(record: Record, run: Run, order: Order, *, site: Site, seed: int) -> None:
    log = Silent()
    await until_killed(record, run, order, site=site, log=log, seed=seed)
    invariants.ended(record, run)
    record.told.append(f"run {run.number}: {run.result} {run.note}")
    record.told.extend(f"  {line}" for line in log.lines)


async def _heal(record: Record, schedule: Schedule) -> None:
    """The network, the images, the site and the hosts are well again; leases have lapsed."""
    sim = record.sim
    longest = max((r.delay + r.delay_after for r in sim.rules), default=0.0)
    sim.rules.clear()
    sim.world.behaviours.clear()
    await anyio.sleep(TTL + 2.0 + longest)
    sim.look()
    invariants.ttl(record)
    if any(m.kind == "host" for m in schedule.misfortunes):
        with suppress(Refusal):
            sim.act("host", status="ok")
    if record.touched:
        await anyio.sleep(QUIET)
    await anyio.sleep(schedule.pause)
    sim.look()
