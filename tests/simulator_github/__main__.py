"""`python -m tests.simulator_github --port 8081 [--host 127.0.0.1] [--state FILE]`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import uvicorn

from tests.simulator_github.control import load_state
from tests.simulator_github.server import Simulator
from tests.simulator_github.world import DEFAULT_TOKEN, World


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulator_github", description="A small GitHub on loopback."
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--state", type=Path, help="JSON: repository, tokens, pulls, comments (see control.py)"
    )
    options = parser.parse_args()
    world = World()
    if options.state:
        load_state(world, json.loads(options.state.read_text("utf-8")))
    simulator = Simulator(world)
    token = next(iter(world.tokens), DEFAULT_TOKEN)
    print(
        f"GITHUB_API_URL=http://{options.host}:{options.port} GITHUB_REPOSITORY={world.repository} token={token}",
        flush=True,
    )
    uvicorn.run(simulator.app, host=options.host, port=options.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
