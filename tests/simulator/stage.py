"""A stage for tests: a small fleet, its simulator and a plain HTTP client, on virtual time."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ParamSpec

import httpx

from tests.simulator.app import create
from tests.simulator.builders import add_app, add_machine, make_config, make_service, make_world
from tests.simulator.faults import Rule
from tests.simulator.http.simulator import Simulator
from tests.simulator.http.tokens import Token
from tests.simulator.state.behaviours import Behaviour
from tests.simulator.state.model import App, Machine
from tests.simulator.state.settings import Switches, Timing
from tests.simulator.transport import make_client
from tests.simulator.virtual import run_virtual

P = ParamSpec("P")
APP = "/v1/apps/acme-shop"
IMAGE = "registry.fly.io/acme-shop:v42"


def on_virtual_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test on trio with a clock that jumps: minutes cost microseconds."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        run_virtual(functools.partial(test, *args, **kwargs))

    return run


@dataclass(slots=True, kw_only=True)
class Stage:
    """One app `acme-shop` with one web machine, unless told otherwise."""

    simulator: Simulator
    client: httpx.AsyncClient
    app: App
    machine: Machine

    @property
    def now(self) -> float:
        return self.simulator.look()

    def path(self, rest: str = "", *, machine: str | None = None) -> str:
        """The path of the machine, or of something below it."""
        return f"{APP}/machines/{machine or self.machine.id}{rest}"

    async def get(self, machine: str | None = None) -> dict[str, Any]:
        """The machine as the API shows it."""
        answer = await self.client.get(self.path(machine=machine))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def create(self, config: dict[str, Any] | None = None, **words: Any) -> httpx.Response:
        """POST a machine."""
        return await self.client.post(f"{APP}/machines", json={"config": config or make_config(), **words})

    async def update(
        self, *, nonce: str | None = None, machine: str | None = None, **words: Any
    ) -> httpx.Response:
        """POST a new configuration: the image v42 unless told."""
        words.setdefault("config", {**self.machine.config, "image": IMAGE})
        headers = {"fly-machine-lease-nonce": nonce} if nonce else {}
        return await self.client.post(self.path(machine=machine), json=words, headers=headers)

    async def wait(self, state: str, *, machine: str | None = None, **query: Any) -> httpx.Response:
        """GET wait."""
        return await self.client.get(self.path("/wait", machine=machine), params={"state": state, **query})


@asynccontextmanager
async def open_stage(
    *,
    config: dict[str, Any] | None = None,
    state: str = "started",
    status: str = "deployed",
    timing: Timing | None = None,
    switches: Switches | None = None,
    behaviours: list[Behaviour] | None = None,
    rules: list[Rule] | None = None,
    tokens: list[Token] | None = None,
    token: str = "test-token",
    rate_limits: bool = False,
    replica_lag: float = 0.0,
    latency: float = 0.0,
    seed: int = 0,
    contract: bool = True,
) -> AsyncIterator[Stage]:
    """Everything is torn down with the block."""
    world = make_world(seed=seed, timing=timing, switches=switches)
    world.behaviours += behaviours or []
    app = add_app(world, "acme-shop", status=status)
    machine = add_machine(
        world, app, config=config or make_config(services=[make_service()]), state=state, name="web-1"
    )
    simulator = create(
        world, rules=rules, tokens=tokens, rate_limits=rate_limits, replica_lag=replica_lag, latency=latency
    )
    async with make_client(simulator, token=token, contract=contract) as client:
        simulator.look()
        yield Stage(simulator=simulator, client=client, app=app, machine=machine)
