"""ASGI middleware: every request and answer against Fly's OpenAPI document; what is against it is kept for all to see."""

from __future__ import annotations

import hashlib
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.contract.checker import Exchange, find_violations, is_covered

BENT = "simulator.bent"
"""In the scope of a request whose answer a fault made: it says nothing about the contract."""


class ContractMiddleware:
    """`violations` grows; equal exchanges are checked once."""

    def __init__(self, app: ASGIApp, *, violations: list[str]) -> None:
        self._app = app
        self._violations = violations
        self._checked: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_covered(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked, answered = bytearray(), bytearray()
        start: Message = {}

        async def read() -> Message:
            message = await receive()
            asked.extend(message.get("body", b""))
            return message

        async def write(message: Message) -> None:
            start.update(message) if message["type"] == "http.response.start" else None
            answered.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, read, write)
        if start and not scope.get(BENT):
            self._check(scope, bytes(asked), start, bytes(answered))

    def _check(self, scope: Scope, asked: bytes, start: Message, answered: bytes) -> None:
        exchange = Exchange(
            method=scope["method"],
            path=scope["path"],
            query=tuple(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
            headers=_pairs(scope["headers"]),
            body=asked,
            status=start["status"],
            reply_headers=_pairs(start["headers"]),
            reply=answered,
        )
        key = hashlib.sha256(
            repr((exchange.method, exchange.path, exchange.status, asked, answered)).encode()
        ).digest()
        if key not in self._checked:
            self._checked.add(key)
            self._violations.extend(find_violations(exchange))


def _pairs(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
