"""What a plan costs for 500 and for 5,000 machines: CPU, memory, and how it grows. Each in a process of its own.

First the plan alone, then the whole command `flightplan plan` on a server: its start, reading, planning, and what it writes.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from entrypoint.__main__ import GARBAGE_THRESHOLD
from entrypoint.adapters.machines.wire import read_alike
from entrypoint.fleet.model import App, Fleet
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.run import AllowDestroy, Compat
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.read import read
from entrypoint.planning.make import make_plan
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.settings import Overrides
from tests.benchmarks.rollouts.beside import environment
from tests.benchmarks.rollouts.cases import NEW, STRATEGIES, Case
from tests.simulator.fleetfile import read_setup
from tests.simulator.http.wire import show_machine
from tests.simulator.process import run_simulator

FEW, MANY = 500, 5000
ROUNDS = 31
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
    (few, _), (many, memory) = (_whole_command(machines) for machines in (FEW, MANY))
    print(
        f"the command {MANY} machines: {many:.2f} s of CPU (goal {GOAL_SECONDS}), {memory:.0f} MB (goal {GOAL_MB}); "
        f"{many / few:.1f} times as much as {FEW} (goal {GOAL_TIMES})"
    )


def _whole_command(machines: int) -> tuple[float, float]:
    """Seconds of CPU and megabytes of `flightplan plan` as a process, the better of two."""
    case = Case(machines=machines)
    command = (sys.executable, "-I", "-m", "entrypoint", "plan", "--image", NEW)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "fly.toml").write_text(case.manifest(), "utf-8")
        with run_simulator(folder, case.fleet(), speed=1.0, contract=False) as simulator:
            return min(
                _used(command, folder=folder, environ=environment(simulator, home=folder)) for _ in range(2)
            )


def _used(command: Sequence[str], *, folder: Path, environ: Mapping[str, str]) -> tuple[float, float]:
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environ), stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (folder / "said").read_text("utf-8")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


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
        machines=tuple(read_alike(rows)),
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
