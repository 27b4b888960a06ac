"""A whole `flightplan validate` of a usual file, beside a Python that only imports tomlkit and pydantic; and a file ten times as long.

Both processes are started in turns, so that a busy machine slows both, and the fastest of each is compared: noise only ever adds.
pydantic is no dependency of ours (docs/decisions/003-no-pydantic.md); it is here through the development tools.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from entrypoint.manifest.read import read
from tests.golden.vectors import ROOT
from tests.property.test_linear import usual

GOAL = 1.5
TURNS = 15
OURS = (sys.executable, "-I", "-m", "entrypoint", "validate", "-c", "fly.toml")
VERSION = (sys.executable, "-I", "-m", "entrypoint", "--version")
NETWORK = (sys.executable, "-I", "-c", "import httpx, trio, tomlkit")
BESIDE = (sys.executable, "-I", "-c", "import tomlkit, pydantic")
NOTHING = (sys.executable, "-I", "-c", "pass")


def run() -> None:
    """Print the ratios."""
    ours, beside, nothing, version, network = compare(OURS, BESIDE, NOTHING, VERSION, NETWORK, turns=TURNS)
    print(
        f"flightplan validate: {ours * 1e3:.0f} ms; import tomlkit, pydantic: {beside * 1e3:.0f} ms; an empty Python: {nothing * 1e3:.0f} ms"
    )
    print(f"ratio: {ours / beside:.2f} (goal: at most {GOAL})")
    print(
        f"flightplan --version: {version * 1e3:.0f} ms; import httpx, trio, tomlkit: {network * 1e3:.0f} ms; ratio {version / network:.2f}"
    )
    small, large = usual(3), usual(36)
    times = seconds(large) / seconds(small)
    print(
        f"a file {len(large) / len(small):.1f} times as long takes {times:.1f} times as long to read and check"
    )


def compare(*commands: Sequence[str], turns: int) -> list[float]:
    """The fastest of each, started in turns. They must all end well."""
    best = [float("inf")] * len(commands)
    for _ in range(turns):
        for index, command in enumerate(commands):
            begun = time.perf_counter()
            subprocess.run(command, cwd=ROOT / "examples" / "acme-shop", check=True, capture_output=True)
            best[index] = min(best[index], time.perf_counter() - begun)
    return best


def seconds(text: str) -> float:
    """The best of twenty."""
    best = float("inf")
    for _ in range(20):
        begun = time.perf_counter()
        read(text, file="fly.toml")
        best = min(best, time.perf_counter() - begun)
    return best
