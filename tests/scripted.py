"""A server whose every answer a test writes: for what the simulators, being faithful, never say.

It is an ASGI application behind httpx's own transport, so that everything on the client's side is real. Several hosts may be served:
a script reads the URL. Bodies are given as bytes, text or JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """An answer, `after` seconds; `fault` is raised instead, as httpx would."""

    status: int = 200
    body: Any = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0
    fault: type[httpx.RequestError] | None = None


Script = Callable[[httpx.Request], Say]


class Scripted(httpx.AsyncBaseTransport):
    """Asks `script` for each answer and keeps each request with the time it came."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What the script says."""
        self.requests.append(request)
        self.times.append(anyio.current_time())
        say = self._script(request)
        limit = request.extensions["timeout"]["read"]
        if say.after > limit:
            await anyio.sleep(limit)
            raise httpx.ReadTimeout("too late", request=request)
        await anyio.sleep(say.after)
        if say.fault is not None:
            raise say.fault("the network broke", request=request)
        text = say.body if isinstance(say.body, bytes | str) else json.dumps(say.body)
        content = httpx.ByteStream(text if isinstance(text, bytes) else text.encode())
        return httpx.Response(say.status, headers=dict(say.headers), stream=content, request=request)

    def asked(self, method: str, path: str = "") -> int:
        """How many requests of this method came, to a path with this end."""
        return sum(r.method == method and r.url.path.endswith(path) for r in self.requests)


def one_after_another(*says: Say) -> Script:
    """Each answer once, the last one for ever."""
    left = list(says)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def nested(depth: int) -> bytes:
    """JSON as deep as one likes."""
    return b'{"a":' * depth + b"1" + b"}" * depth
