"""Over real HTTP on loopback, in real time: each program as a process of its own, on a simulator of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.rollouts.cases import NEW, Case
from tests.benchmarks.rollouts.figures import REQUEST, Figures, measure
from tests.simulator.environment import read
from tests.simulator.process import Running, run_simulator

OURS, THEIRS = "flightplan", "flyctl"
LONGEST = 900.0
"""Seconds that a deploy may take."""


class DidNotDeploy(Exception):
    """A program ended otherwise than well."""

    def __init__(self, said: str, *, case: Case) -> None:
        super().__init__(said)
        self.case = case


def run_ours(case: Case, *, path: float) -> Figures:
    """`flightplan deploy`, as on a laptop: without GitHub."""
    command = (sys.executable, "-I", "-m", "entrypoint", "deploy", "--image", NEW, "--gate", "none")
    return _run(case, OURS, command, path=path)


def run_flyctl(case: Case, program: Path, *, path: float) -> Figures:
    """`flyctl deploy` as anybody calls it. Two flags keep it on this computer: no public DNS is asked, no builder is looked for."""
    command = (str(program), "deploy", "--image", NEW, "--yes", "--dns-checks=false", "--depot=true")
    return _run(case, THEIRS, command, path=path)


def _run(case: Case, name: str, command: Sequence[str], *, path: float) -> Figures:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "work").mkdir()
        (folder / "work" / "fly.toml").write_text(case.manifest(), "utf-8")
        with run_simulator(folder, case.fleet(), speed=1.0, contract=False) as simulator:
            begun = time.perf_counter()
            ended = subprocess.run(
                command,
                cwd=folder / "work",
                env=environment(simulator, home=folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
            wall = time.perf_counter() - begun
            if ended.returncode:
                said = (ended.stdout + ended.stderr)[-2000:]
                raise DidNotDeploy(f"{name} ended with code {ended.returncode}: {said}", case=case)
            return measure(
                case,
                name,
                wall=wall,
                path=path,
                journal=simulator.journal(),
                traffic=[_traffic(simulator, group) for group in case.names],
            )


def environment(simulator: Running, *, home: Path) -> Mapping[str, str]:
    """What a program is told: of the simulator, and nothing else."""
    told = read(simulator.printed)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "FLY_CONFIG_DIR": str(home),
        "NO_COLOR": "1",
        **told,
    }


def _traffic(simulator: Running, group: str) -> dict[str, Any]:
    url = f"{simulator.base}/_sim/traffic"
    found: dict[str, Any] = httpx.get(
        url, params={"group": group, "within": REQUEST}, timeout=60, trust_env=False
    ).json()
    return found
