"""5,000 machines over loopback: deployed, proven, and the memory of our process on the way."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.rollouts.beside import environment
from tests.benchmarks.rollouts.cases import NEW, Case
from tests.simulator.process import run_simulator

MACHINES = int(os.environ.get("MACHINES") or 5000)
EVERY = 5.0
"""Seconds between looks at the memory."""


def run() -> None:
    """Print a line now and then, and how it ended."""
    case = Case(machines=MACHINES)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "work").mkdir()
        (folder / "work" / "fly.toml").write_text(case.manifest(), "utf-8")
        with (
            run_simulator(folder, case.fleet(), speed=1.0, contract=False) as simulator,
            (folder / "log").open("w", encoding="utf-8") as log,
        ):
            command = (sys.executable, "-I", "-m", "entrypoint", "deploy", "--image", NEW, "--gate", "none")
            begun = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=folder / "work",
                env=environment(simulator, home=folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            while process.poll() is None:
                time.sleep(EVERY)
                updated = (folder / "log").read_text("utf-8").count("✔")
                print(
                    f"{time.perf_counter() - begun:6.0f} s  {_memory(process.pid):4.0f} MB  {updated} lines done",
                    flush=True,
                )
            print((folder / "log").read_text("utf-8")[-300:])
            print(
                f"exit code {process.returncode} after {time.perf_counter() - begun:.0f} s, load {os.getloadavg()[0]:.1f}"
            )


def _memory(pid: int) -> float:
    """Megabytes that the process holds now."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)
