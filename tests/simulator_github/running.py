"""A simulator on a free loopback port, in a thread: PyGithub needs a real socket."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from tests.simulator_github.server import Simulator
from tests.simulator_github.world import World


@dataclass(frozen=True, kw_only=True)
class Running:
    """`url` is what GITHUB_API_URL would be; `enterprise_url` the same as on GitHub Enterprise Server."""

    simulator: Simulator
    url: str

    @property
    def enterprise_url(self) -> str:
        return f"{self.url}/api/v3"


@contextmanager
def running(world: World | None = None, *, allow_violations: bool = False) -> Iterator[Running]:
    """Serve until the block ends; then complain of every exchange that GitHub's OpenAPI document does not allow."""
    simulator = Simulator(world)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(
            uvicorn.Config(
                simulator.app, log_level="critical", lifespan="off", ws="none", timeout_graceful_shutdown=1
            )
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 10
        while not server.started:
            if time.monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the simulator did not start")
            time.sleep(0.005)
        try:
            yield Running(simulator=simulator, url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        finally:
            server.should_exit = True
            thread.join(10)
    if not allow_violations:
        assert simulator.journal.violations() == []
