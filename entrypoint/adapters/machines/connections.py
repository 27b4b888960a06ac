"""The connections to one Machines API, apart for each kind of request.

A long poll holds a connection for up to a minute. Reads and lease refreshes must not wait for one (measured: with 150 long polls on httpx's
default pool, 50 failed with PoolTimeout, and so did a lease refresh).
"""

from __future__ import annotations

import math
import random
from types import TracebackType
from typing import Self

import httpx

from entrypoint.adapters.machines.endpoint import Endpoint
from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.adapters.machines.pools import Pools
from entrypoint.adapters.machines.transport import Transport
from entrypoint.adapters.network import make_pool
from entrypoint.adapters.tokens import secret_parts
from entrypoint.kernel.secrets import Secret

REQUESTS, LEASES, WAITS = 100, 200, 400
"""Connections of each kind. Together they are well below the 1,024 open files that a process may have.

The leases of 5,000 machines are refreshed every minute. With 200 connections and 0.15 s each, that takes 4 s.
"""

TOGETHER = 20
"""Connections of one pool. httpcore's work for a request grows with the square of this number (measured with 200 machines in one pool: 40 % of our
CPU)."""

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept. Many servers close it after five, which could hit a request of ours."""


class Connections:
    """`requests`, `leases` and `waits` send calls. `transport` replaces the network in tests."""

    def __init__(self, *, base_url: str, token: Secret, transport: httpx.AsyncBaseTransport | None) -> None:
        limiter, dice, hidden = Limiter(), random.Random(), secret_parts(token)  # noqa: S311  # jitter
        endpoint = Endpoint(base_url=base_url, token=token)
        self._pools: list[Pools] = []
        limits = httpx.Limits(
            max_connections=TOGETHER, max_keepalive_connections=TOGETHER, keepalive_expiry=KEEP_ALIVE
        )

        def make() -> httpx.AsyncBaseTransport:
            return transport or make_pool(base_url, limits=limits)

        def open_pools(size: int) -> Transport:
            pools = Pools(make, most=math.ceil(size / TOGETHER), each=TOGETHER)
            self._pools.append(pools)
            return Transport(pools, endpoint=endpoint, limiter=limiter, dice=dice, hidden=hidden)

        self.requests = open_pools(REQUESTS)
        self.leases = open_pools(LEASES)
        self.waits = open_pools(WAITS)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pools in self._pools:
            await pools.aclose()
