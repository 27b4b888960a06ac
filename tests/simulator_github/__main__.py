"""`python -m tests.simulator_github --port 8081 [--host 127.0.0.1] [--state FILE]`; port 0 takes a free one."""

from __future__ import annotations

import argparse
import json
import socket
from pathlib import Path

import uvicorn

from tests.simulator_github.control import load_state
from tests.simulator_github.server import Simulator
from tests.simulator_github.world import World


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
    token = next(iter(world.tokens), "")
    with socket.create_server((options.host, options.port)) as listener:
        url = f"http://{options.host}:{listener.getsockname()[1]}"
        # The socket listens already: whoever reads this line may connect.
        print(f"GITHUB_API_URL={url} GITHUB_REPOSITORY={world.repository} token={token}", flush=True)
        config = uvicorn.Config(Simulator(world).app, log_level="warning", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
