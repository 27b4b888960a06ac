"""The simulator as an ASGI application: every route of the Machines API, api.fly.io, the registry, and the routes for people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.simulator.faults import Rule
from tests.simulator.http import (
    apps,
    certificates,
    control,
    graphql,
    labels,
    leasing,
    machines_read,
    machines_write,
    platform,
    registry,
    release_records,
    secret_store,
    storage,
    waiting,
)
from tests.simulator.http.call import Endpoint
from tests.simulator.http.contract import ContractMiddleware
from tests.simulator.http.limits import Limiter
from tests.simulator.http.replicas import Replicas
from tests.simulator.http.simulator import Simulator
from tests.simulator.http.tokens import Token, Tokens
from tests.simulator.state.world import World

AREAS = (
    machines_read,
    waiting,
    leasing,
    machines_write,
    apps,
    certificates,
    labels,
    storage,
    secret_store,
    platform,
    release_records,
    graphql,
    registry,
)
"""Routes are tried in this order: what a rollout asks most comes first."""


def create(
    world: World,
    *,
    rules: list[Rule] | None = None,
    tokens: list[Token] | None = None,
    rate_limits: bool = True,
    replica_lag: float = 0.0,
    latency: float = 0.0,
) -> Simulator:
    """A simulator of `world`. Nothing runs yet: time passes as requests come."""
    return Simulator(
        world=world,
        rules=rules or [],
        tokens=Tokens(tokens or []),
        limiter=Limiter(enabled=rate_limits, speed=world.speed),
        replicas=Replicas(lag=replica_lag),
        latency=latency,
    )


def make_asgi(simulator: Simulator, *, contract: bool = False) -> ASGIApp:
    """The application that serves `simulator`; with `contract` every exchange is checked against Fly's OpenAPI document."""
    if contract not in simulator.doors:
        app = _make_app(simulator)
        simulator.doors[contract] = (
            ContractMiddleware(app, violations=simulator.violations) if contract else app
        )
    return simulator.doors[contract]


def _make_app(simulator: Simulator) -> Starlette:
    endpoints: list[Endpoint] = [endpoint for area in AREAS for endpoint in area.ENDPOINTS]
    routes = [
        Route(endpoint.path, _serve(simulator, endpoint), methods=[endpoint.method]) for endpoint in endpoints
    ]
    routes += control.make_routes(simulator)
    return Starlette(routes=routes, exception_handlers={HTTPException: _show_error})


def _serve(simulator: Simulator, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        return await simulator.answer(endpoint, request)

    return serve


async def _show_error(_request: Request, error: Exception) -> Response:
    """Unknown routes and methods, in the platform's shape."""
    assert isinstance(error, HTTPException)
    headers = {"fly-request-id": "00000000000000000000000000-sim", **(error.headers or {})}
    body = {"error": str(error.detail).lower()}
    return JSONResponse(body, status_code=error.status_code, headers=headers)
