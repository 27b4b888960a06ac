"""A process that is killed at one of its requests: nothing that its cleanup code still tries reaches the server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from tests.bench import Bench


class KilledError(BaseException):
    """The process is gone."""


@dataclass(slots=True, kw_only=True)
class Fate:
    """Dies at the first request that `at` says so of, before or after the server executed it, and stays dead."""

    at: Callable[[int, httpx.Request], bool]
    executed: bool
    seen: int = 0
    dead: bool = False


class Severed(httpx.AsyncBaseTransport):
    """What stands between such a process and the server."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fate: Fate) -> None:
        self.inner = inner
        self.fate = fate

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self.fate
        if fate.dead:
            raise KilledError
        fate.seen += 1
        if fate.at(fate.seen, request):
            fate.dead = True
            if fate.executed:
                await self.inner.handle_async_request(request)
            raise KilledError
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


async def deploy_until_killed(bench: Bench, fate: Fate, **changes: Any) -> bool:
    """A deploy with that fate; whether it came to it."""
    bench.network = lambda door: Severed(door, fate)
    killed = False
    try:
        await bench.deploy(**changes)
    except* KilledError:
        killed = True
    bench.network = lambda door: door
    return killed


async def killed_after(bench: Bench, verb: str, count: int, **changes: Any) -> None:
    """A deploy that dies when the server has executed its nth request to cordon, stop, …, or to create a machine."""
    seen = 0

    def is_it(_: int, request: httpx.Request) -> bool:
        nonlocal seen
        seen += is_request(request, verb)
        return seen == count

    assert await deploy_until_killed(bench, Fate(at=is_it, executed=True), **changes), "it never came to that"


def is_request(request: httpx.Request, verb: str) -> bool:
    """`create`, `destroy`, or the last word of a POST's path."""
    path = request.url.path.rstrip("/")
    if verb == "create":
        return request.method == "POST" and path.endswith("/machines")
    if verb == "destroy":
        return request.method == "DELETE" and "/machines/" in path and path.count("/") == 5
    return request.method == "POST" and path.endswith(f"/{verb}")
