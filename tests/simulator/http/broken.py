"""Replies that do not arrive whole: dropped connections, half bodies, trickling ones."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.simulator.http.clock import Clock


class DroppedError(Exception):
    """The connection broke. In process the transport turns it into what httpx raises. `when` as in faults.When."""

    def __init__(self, when: str) -> None:
        super().__init__(f"connection dropped: {when}")
        self.when = when


class Drop(Response):
    """Break the connection; of `body`, half goes out first where there is one."""

    def __init__(self, *, when: str, body: bytes = b"", status: int = 200) -> None:
        super().__init__(status_code=status)
        self._when = when
        self._half = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._when == "body":
            headers = [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self._half) or 2).encode()),
            ]
            await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
            await send(
                {"type": "http.response.body", "body": self._half[: len(self._half) // 2], "more_body": True}
            )
        abort(scope, self._when)


def abort(scope: Scope, when: str) -> None:
    """Break the real connection where there is one (serve.py puts it into the scope), or raise."""
    state: dict[str, Any] = scope.get("state") or {}
    connection = state.get("connection")
    if connection is None:
        raise DroppedError(when)
    connection.abort()


class Trickle(Response):
    """Send the reply in ten pieces over `seconds`."""

    def __init__(self, *, whole: Response, seconds: float, clock: Clock) -> None:
        super().__init__(content=whole.body, status_code=whole.status_code)
        self.raw_headers = whole.raw_headers
        self._seconds = seconds
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        body = bytes(self.body)
        size = max(1, -(-len(body) // 10))
        for start in range(0, len(body), size):
            await self._clock.sleep(self._seconds / 10)
            await send({"type": "http.response.body", "body": body[start : start + size], "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
