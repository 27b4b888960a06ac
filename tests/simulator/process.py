"""A simulator as a process of its own on loopback, for tests of other processes and of real connections."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where it listens, and the variables that it tells people to export."""

    base: str
    printed: str
    pid: int

    def fleet(self) -> dict[str, Any]:
        """Everything there is (GET /_sim/fleet)."""
        return dict(self._get("fleet"))

    def app(self, name: str = "acme-shop") -> dict[str, Any]:
        """One app: app, machines, volumes, releases."""
        found: dict[str, Any] = self.fleet()["apps"][name]
        return found

    def journal(self) -> list[dict[str, Any]]:
        """Every request so far."""
        return list(self._get("journal"))

    def violations(self) -> list[str]:
        """What was against Fly's OpenAPI document."""
        return list(self._get("contract")["violations"])

    def do(self, act: str, **words: Any) -> None:
        """Change something by hand (POST /_sim/do)."""
        httpx.post(f"{self.base}/_sim/do", json={"act": act, **words}, trust_env=False).raise_for_status()

    def _get(self, what: str) -> Any:
        return httpx.get(f"{self.base}/_sim/{what}", timeout=30, trust_env=False).json()


@contextmanager
def run_simulator(
    folder: Path,
    fleet: dict[str, Any],
    *,
    faults: dict[str, Any] | None = None,
    speed: float = 10.0,
    contract: bool = True,
) -> Iterator[Running]:
    """Start it on a free port with files written to `folder`; stop it with the block."""
    (folder / "fleet.json").write_text(json.dumps(fleet))
    (folder / "faults.json").write_text(json.dumps(faults or {}))
    command = [
        sys.executable, "-m", "tests.simulator", "--port", "0", "--fleet", str(folder / "fleet.json"),
        "--faults", str(folder / "faults.json"), "--speed", str(speed), *(["--contract"] if contract else []),
    ]  # fmt: skip
    with (folder / "simulator.log").open("w") as errors:
        process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        printed = _read_greeting(process)
        if not printed:
            raise RuntimeError((folder / "simulator.log").read_text())
        base = printed.partition("live: ")[2].partition("/\n")[0]
        yield Running(base=base, printed=printed, pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def _read_greeting(process: subprocess.Popen[str]) -> str:
    """All it prints before it serves; "" where it ended instead."""
    lines: list[str] = []
    for line in process.stdout or ():
        lines.append(line)
        if "FLY_CONFIG_DIR" in line:
            return "".join(lines)
    return ""
