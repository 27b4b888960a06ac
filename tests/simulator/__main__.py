"""python -m tests.simulator --port 4280 --fleet FILE or --app NAME: Fly on this computer, for people, subprocesses and other clients."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from tests.simulator.app import create, make_asgi
from tests.simulator.environment import describe
from tests.simulator.fleetfile import read_setup
from tests.simulator.serve import serve
from tests.simulator.state.refusals import Refusal


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=4280)
    fleet = parser.add_mutually_exclusive_group(required=True)
    fleet.add_argument(
        "--fleet", type=Path, help="JSON: the app as it stands (examples/acme-shop/fleet.json)"
    )
    fleet.add_argument("--app", help="an app of this name, without machines")
    parser.add_argument("--faults", type=Path, help="JSON: rules, acts, behaviours (docs/simulator.md)")
    parser.add_argument("--speed", type=float, default=1.0, help="how much faster machines boot than Fly's")
    parser.add_argument(
        "--contract",
        action="store_true",
        help="hold everything against Fly's OpenAPI document: GET /_sim/contract",
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _read(path: Path | None) -> dict[str, object] | None:
    return None if path is None else dict(json.loads(path.read_text()))


def main(arguments: list[str]) -> int:
    """Serve until interrupted."""
    options = _parse(arguments)
    try:
        setup = read_setup(
            _read(options.fleet) or {"app": options.app, "status": "pending"},
            faults=_read(options.faults),
            seed=options.seed,
            speed=options.speed,
            epoch=time.time(),
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, Refusal) as error:
        print(f"{options.fleet or options.app}: {error}", file=sys.stderr)
        return 2
    simulator = create(
        setup.world,
        rules=setup.rules,
        tokens=setup.tokens,
        rate_limits=setup.rate_limits,
        replica_lag=setup.replica_lag,
        latency=setup.latency,
    )

    def started(port: int) -> None:
        simulator.look()
        print(describe(port), end="", flush=True)

    serve(make_asgi(simulator, contract=options.contract), port=options.port, started=started)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
