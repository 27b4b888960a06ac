"""Serves on loopback with uvicorn, so that a fault can break the connection."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol


class _Protocol(H11Protocol):
    """Lets the application break the connection: broken.abort finds it in the scope's state."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "connection": transport}


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, *, started: Callable[[int], None]) -> None:
        super().__init__(config)
        self._tell = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started and sockets:
            self._tell(sockets[0].getsockname()[1])


def serve(app: ASGIApp, *, port: int, started: Callable[[int], None], address: str = "127.0.0.1") -> None:
    """Serve on loopback until interrupted. Port 0 takes any free one; `started` is told which."""
    make_server(app, started=started).run(sockets=[bind(port, address=address)])


def bind(port: int, *, address: str = "127.0.0.1") -> socket.socket:
    """The socket to listen on. It names TCP explicitly: asyncio sets TCP_NODELAY only then, and every answer would take 40 ms more without it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    return listener


def make_server(app: ASGIApp, *, started: Callable[[int], None]) -> _Server:
    """A server of `app` that is quiet and closes quickly."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="error",
        access_log=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        backlog=8192,
    )
    return _Server(config, started=started)
