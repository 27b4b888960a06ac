"""An API that refuses, is slow and flaps for half an hour, over loopback in real time: whatever the deploy ends in must be true."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.rollouts.beside import environment
from tests.benchmarks.rollouts.cases import NEW, Case
from tests.simulator.process import Running, run_simulator

MINUTES = int(os.environ.get("MINUTES") or 30)
MACHINES = int(os.environ.get("MACHINES") or 300)
ILL = (20.0, 55.0)
"""From and until which second of each minute the API is ill."""
ILLS: tuple[dict[str, Any], ...] = (
    {"fault": "answer", "status": 503},
    {"fault": "slow", "delay": 8.0},
    {"fault": "answer", "status": 429},
    {"fault": "drop", "when": "after"},
    {"fault": "answer", "status": 500, "commit": True, "probability": 0.5},
    {"fault": "drop", "when": "refused"},
    {"fault": "slow", "delay_after": 8.0, "probability": 0.5},
)


def run() -> None:
    """Print how it ended, and whether that is so."""
    case = Case(machines=MACHINES)
    rules = [
        {**ILLS[minute % len(ILLS)], "after": 60 * minute + ILL[0], "until": 60 * minute + ILL[1]}
        for minute in range(MINUTES)
    ]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "work").mkdir()
        text = case.manifest().replace("[deploy]\n", "[deploy]\n  max_unavailable = 1\n")
        (folder / "work" / "fly.toml").write_text(text, "utf-8")
        faults = {"rules": rules}
        with run_simulator(folder, case.fleet(), faults=faults, speed=1.0, contract=False) as simulator:
            begun = time.perf_counter()
            code, said = _deploy(folder, simulator)
            print(
                f"{MACHINES} machines, {MINUTES} min of faults: exit code {code} after {time.perf_counter() - begun:.0f} s"
            )
            print(said[-1500:])
            _tell_fleet(simulator, is_green=code == 0)


def _deploy(folder: Path, simulator: Running) -> tuple[int, str]:
    command = (sys.executable, "-I", "-m", "entrypoint", "deploy", "--image", NEW, "--gate", "none")
    ran = subprocess.run(
        command,
        cwd=folder / "work",
        env=environment(simulator, home=folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode, ran.stdout + ran.stderr


def _tell_fleet(simulator: Running, *, is_green: bool) -> None:
    """As the platform has it, once it is well."""
    rows = _list(simulator)
    found = Counter((row["config"]["image"].partition("@")[0], row["state"]) for row in rows)
    print(f"the fleet: {dict(found)}")
    is_new = set(found) == {(NEW, "started")} and len(rows) == MACHINES
    print("green, or not, as the fleet is" if is_new == is_green else "THE FLEET IS NOT AS IT SAYS")


def _list(simulator: Running) -> list[dict[str, Any]]:
    url, headers = f"{simulator.base}/v1/apps/acme-shop/machines", {"Authorization": "Bearer bench"}
    for _ in range(120):
        with suppress(httpx.HTTPError):
            rows: list[dict[str, Any]] = httpx.get(url, headers=headers).raise_for_status().json()
            return rows
        time.sleep(1)
    raise RuntimeError("the simulator does not become well")
