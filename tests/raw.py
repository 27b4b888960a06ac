"""A server of raw bytes on loopback: everything that no HTTP library would let a server say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import trio

Handler = Callable[[trio.SocketStream, bytes], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class RawServer:
    """Where it listens and what it was sent."""

    port: int
    requests: list[bytes] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def raw_server(handle: Handler) -> AsyncIterator[RawServer]:
    """Calls `handle` with each request; when it returns, the connection is closed."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = RawServer(port=listener.socket.getsockname()[1])

    async def serve(stream: trio.SocketStream) -> None:
        try:
            request = await _read(stream)
            server.requests.append(request)
            await handle(stream, request)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        finally:
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, serve, [listener])
        yield server
        nursery.cancel_scope.cancel()


async def _read(stream: trio.SocketStream) -> bytes:
    """One request, its body included."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = await stream.receive_some()
        if not piece:
            return request
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            wanted = int(line.partition(b":")[2])
            while len(body) < wanted:
                body += await stream.receive_some()
    return head + b"\r\n\r\n" + body


def sends(*pieces: bytes, every: float = 0.0, then: float = 0.0) -> Handler:
    """Sends `pieces`, one `every` so many seconds, and closes `then` later."""

    async def handle(stream: trio.SocketStream, request: bytes) -> None:
        del request
        for piece in pieces:
            await stream.send_all(piece)
            await trio.sleep(every)
        await trio.sleep(then)

    return handle


def answer(body: bytes, *, status: str = "200 OK", headers: str = "") -> bytes:
    """A whole answer, correct if `body` is."""
    return (
        f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n{headers}\r\n".encode()
        + body
    )
