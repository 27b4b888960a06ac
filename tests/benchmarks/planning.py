"""What a plan costs for 500 and for 5,000 machines: CPU, memory, and how it grows. Each in a process of its own."""

from __future__ import annotations

import gc
import json
import multiprocessing
import resource
import time
from multiprocessing.connection import Connection

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
TOGETHER = 4 * MANY
"""Machines planned in all, for either size."""
GOAL_SECONDS, GOAL_MB, GOAL_TIMES = 2.0, 150, 11


def run() -> None:
    """Print a row a strategy."""
    for strategy in STRATEGIES:
        few, _ = _in_a_process(Case(machines=FEW, strategy=strategy))
        many, memory = _in_a_process(Case(machines=MANY, strategy=strategy))
        print(
            f"{strategy:10} {MANY} machines: {many:.2f} s of CPU (goal {GOAL_SECONDS}), {memory:.0f} MB (goal {GOAL_MB}); "
            f"{many / few:.1f} times as much as {FEW} (goal {GOAL_TIMES})"
        )


def _in_a_process(case: Case) -> tuple[float, float]:
    """Seconds of CPU and megabytes at most."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_tell, args=(case, theirs))
    process.start()
    found: tuple[float, float] = ours.recv()
    process.join()
    return found


def _tell(case: Case, pipe: Connection) -> None:
    """As the command runs: it collects garbage as rarely."""
    gc.set_threshold(GARBAGE_THRESHOLD)
    pipe.send(measure(case))


def measure(case: Case) -> tuple[float, float]:
    """The best of several: noise only adds. Each size takes about as long in all."""
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
    best = float("inf")
    for _ in range(TOGETHER // case.machines):
        begun = time.process_time()
        make_plan(
            manifest,
            policy=Policy(),
            overrides=overrides,
            fleet=fleet,
            image=Image(ref=NEW, digest=None, source=ImageSource.INPUT),
            resume=None,
        )
        best = min(best, time.process_time() - begun)
    return best, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
