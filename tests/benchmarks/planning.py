"""What a plan costs for 500 and for 5,000 machines: CPU, memory, and how it grows. Each in a process of its own."""

from __future__ import annotations

import gc
import json
import multiprocessing
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from statistics import median

from entrypoint.__main__ import GARBAGE_THRESHOLD
from entrypoint.adapters.machines.wire import read_machine
from entrypoint.fleet.model import App, Fleet
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import AllowDestroy, Compat
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.read import read
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.settings import Overrides
from tests.benchmarks.rollouts.cases import NEW, STRATEGIES, Case
from tests.simulator.fleetfile import read_setup
from tests.simulator.http.wire import show_machine

FEW, MANY = 500, 5000
ROUNDS = 15
GOAL_SECONDS, GOAL_MB, GOAL_TIMES = 2.0, 150, 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of CPU for MANY, how often that is what FEW take, and megabytes at most."""

    many: float
    times: float
    memory: float


def run() -> None:
    """Print a row a strategy."""
    for strategy in STRATEGIES:
        cost = _in_a_process(strategy)
        print(
            f"{strategy:10} {MANY} machines: {cost.many:.2f} s of CPU (goal {GOAL_SECONDS}), {cost.memory:.0f} MB (goal {GOAL_MB}); "
            f"{cost.times:.1f} times as much as {FEW} (goal {GOAL_TIMES})"
        )


def _in_a_process(strategy: str) -> Cost:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_tell, args=(strategy, theirs))
    process.start()
    found: Cost = ours.recv()
    process.join()
    return found


def _tell(strategy: str, pipe: Connection) -> None:
    """As the command runs: it collects garbage as rarely."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    pipe.send(measure(strategy))


def measure(strategy: str) -> Cost:
    """The best of several rounds, because noise only adds, and the median of their ratios. In each round as many machines are planned for
    either size, one after the other: a short piece of work finds a quiet moment more easily than a long one.
    """
    few, many = (_planner(Case(machines=machines, strategy=strategy)) for machines in (FEW, MANY))
    rounds = [(_seconds(few, times=MANY // FEW), _seconds(many, times=1)) for _ in range(ROUNDS)]
    return Cost(
        many=min(many for _, many in rounds),
        times=median(many / few for few, many in rounds) * (MANY // FEW),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _seconds(work: Callable[[], object], *, times: int) -> float:
    begun = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - begun


def _planner(case: Case) -> Callable[[], object]:
    """Makes the plan of a case again and again."""
    setup = read_setup(case.fleet())
    machines = setup.world.apps["acme-shop"].machines.values()
    rows = json.loads(json.dumps([show_machine(setup.world, machine) for machine in machines]))
    fleet = Fleet(
        app=App(name=AppName("acme-shop"), status="deployed", organization="acme"),
        machines=tuple(read_machine(row) for row in rows),
        volumes=(),
    )
    manifest = read(case.manifest(), file="fly.toml").manifest
    assert manifest is not None
    overrides = Overrides(
        strategy=None,
        max_unavailable=None,
        wait_timeout=None,
        allow_destroy=AllowDestroy.NONE,
        on_failure=None,
        compat=Compat.FLIGHTPLAN,
        scale={},
    )
    return partial(
        make_plan,
        manifest,
        policy=Policy(),
        overrides=overrides,
        fleet=fleet,
        image=Image(ref=NEW, digest=None, source=ImageSource.INPUT),
        resume=None,
    )
