"""What it costs to start Flightplan, beside a Python that only imports httpx, trio and tomlkit: to `--version`, and to a first request.

Needs nothing but the Python that it measures, so that it can be read into a container: `docker run -i … -I - <start.py`.
Seconds of CPU, not of the clock: others may be busy. They are started in turns and the cheapest of each is compared: noise only ever adds.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

TURNS = 15
BESIDE = (sys.executable, "-I", "-c", "import httpx, trio, tomlkit")
OURS = (sys.executable, "-I", "-m", "entrypoint")
TOKEN = "FlyV1 fm2_start"
MANIFEST = 'app = "acme-shop"\nprimary_region = "ams"\n\n[[vm]]\n  size = "shared-cpu-1x"\n\n[http_service]\n  internal_port = 8080\n'


def run() -> None:
    """Print the seconds and the ratios, as JSON."""
    print(json.dumps(measure(TURNS)))


def measure(turns: int) -> dict[str, float]:
    """Seconds of each, and the ratios. The goal for each is 1.3."""
    ways: dict[str, Callable[[], float]] = {
        "beside": _beside,
        "version": _version,
        "request": _request,
        "step": _step,
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(turns):
        for name, way in ways.items():
            best[name] = min(best[name], way())
    ratios = {f"{name} ratio": best[name] / best["beside"] for name in ways if name != "beside"}
    return {name: round(value, 3) for name, value in (best | ratios).items()}


def _beside() -> float:
    return _ended(BESIDE)


def _version() -> float:
    return _ended((*OURS, "--version"))


def _ended(command: tuple[str, ...]) -> float:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        return _spent(process, kill=False)


def _request() -> float:
    """Until a plan has a connection to Fly's API, which here is a socket of ours that answers nothing."""
    return _connected((*OURS, "plan"), {"FLY_API_TOKEN": TOKEN})


def _step() -> float:
    """The same, started as GitHub's runner starts it: the inputs are in the environment."""
    from entrypoint.adapters.runner.declared import read_inputs

    inputs = {name: declared.local_default for name, declared in read_inputs().items()}
    inputs |= {"command": "plan", "gate": "none", "fly-api-token": TOKEN}
    return _connected(OURS, {"GITHUB_ACTIONS": "true"} | {f"INPUT_{n.upper()}": v for n, v in inputs.items()})


def _connected(command: tuple[str, ...], environment: dict[str, str]) -> float:
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as folder:
        server.settimeout(60)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        (Path(folder) / "fly.toml").write_text(MANIFEST, "utf-8")
        environment |= {"PATH": os.environ.get("PATH", "")}
        environment |= dict.fromkeys(("FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_UIEX_BASE_URL"), address)
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL) as process:
            connection = server.accept()[0]
            spent = _spent(process, kill=True)
            connection.close()
            return spent


def _spent(process: subprocess.Popen[bytes], *, kill: bool) -> float:
    """Seconds of CPU of a process of ours until its end, which is now or when it ends by itself."""
    if kill:
        process.kill()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert kill or process.returncode == 0, process.args
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    run()
