"""A simulator on loopback in a thread of this process: cheaper than process.py where many are needed, one after the other or side by side."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.simulator.app import create, make_asgi
from tests.simulator.environment import describe
from tests.simulator.fleetfile import read_setup
from tests.simulator.process import Running
from tests.simulator.serve import bind, make_server


@contextmanager
def run_simulator_here(
    fleet: dict[str, Any], *, faults: dict[str, Any] | None = None, speed: float = 10.0, seed: int = 0
) -> Iterator[Running]:
    """Serve a world of `fleet` on a free port, every exchange held against the OpenAPI document, until the block ends."""
    setup = read_setup(fleet, faults=faults, seed=seed, speed=speed, epoch=time.time())
    simulator = create(
        setup.world,
        rules=setup.rules,
        tokens=setup.tokens,
        rate_limits=setup.rate_limits,
        replica_lag=setup.replica_lag,
        latency=setup.latency,
    )
    listener, listening = bind(0), threading.Event()
    port = listener.getsockname()[1]

    def started(_port: int) -> None:
        simulator.look()
        listening.set()

    server = make_server(make_asgi(simulator, contract=True), started=started)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        if not listening.wait(10):
            raise RuntimeError("the simulator does not start")
        yield Running(base=f"http://127.0.0.1:{port}", printed=describe(port), pid=os.getpid())
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
