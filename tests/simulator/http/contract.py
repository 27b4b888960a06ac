"""ASGI middleware that checks every request and answer against Fly's OpenAPI document, and keeps the violations."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.contract.checker import Exchange, find_violations, is_covered

BENT = "simulator.bent"
"""Marks the scope of a request whose answer a fault made: that answer is not checked."""

OURS = b"flightplan/"
"""How the product's user agent begins."""

_WORDS = re.compile(
    rb"[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{8,}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z|(?<![\w.])\d{6,}(?![\w.])"
    rb'|fdaa:[0-9a-f:]+|"name":"[a-z]+-[a-z]+-\d+"'
)
"""What differs from run to run and is never against the document: version and event ids, hexadecimal ids and digests, moments, large counts,
private addresses, names that the platform gives."""
_ROW = b'{"id":'
"""How a machine, an event or a volume begins: lists differ in which rows they hold, seldom in what a row is like."""
_KNOWN_GOOD: set[int] = set()
"""Pieces of exchanges that were checked, ids and moments blotted out. One set a process: hundreds of runs tell the same story, and a check
costs ten times the request itself."""


class ContractMiddleware:
    """`violations` grows; an exchange of which each row was in a good one, but for ids and moments, is not checked again."""

    def __init__(self, app: ASGIApp, *, violations: list[str]) -> None:
        self._app = app
        self._violations = violations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_covered(scope["path"]):
            await self._app(scope, receive, send)
            return
        asked, answered = bytearray(), bytearray()
        start: Message = {}
        is_whole, is_torn = False, False

        async def read() -> Message:
            nonlocal is_whole, is_torn
            message = await receive()
            is_torn = is_torn or (message["type"] == "http.disconnect" and not is_whole)
            is_whole = is_whole or (message["type"] == "http.request" and not message.get("more_body"))
            asked.extend(message.get("body", b""))
            return message

        async def write(message: Message) -> None:
            start.update(message) if message["type"] == "http.response.start" else None
            answered.extend(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, read, write)
        finally:
            if not is_torn:  # whoever asked was killed before the whole request was sent
                self._check(scope, bytes(asked), start, bytes(answered))

    def _check(self, scope: Scope, asked: bytes, start: Message, answered: bytes) -> None:
        """Requests of Flightplan are always checked; those of other clients only if they were accepted."""
        judge_answer = bool(start) and not scope.get(BENT)
        ours = any(name == b"user-agent" and value.startswith(OURS) for name, value in scope["headers"])
        judge_request = ours or (judge_answer and start["status"] < 400)
        start = start or {"status": 0, "headers": []}
        pieces = _outline(scope, asked, start, answered if judge_answer else b"")
        if not (judge_answer or judge_request) or pieces <= _KNOWN_GOOD:
            return
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
        found = find_violations(exchange, judge_request=judge_request, judge_answer=judge_answer)
        if found:
            self._violations.extend(found)
        else:
            _KNOWN_GOOD.update(pieces)


def _outline(scope: Scope, asked: bytes, start: Message, answered: bytes) -> set[int]:
    """What an exchange says, row by row, apart from which machine and when."""
    names = sorted(name for name, _ in scope["headers"] if name.startswith((b"fly-", b"content-type")))
    names += sorted(name for name, _ in start["headers"])
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], *names, asked)
    about = _WORDS.sub(b"#", b"\0".join(parts))
    return {hash((about, start["status"], row)) for row in _WORDS.sub(b"#", answered).split(_ROW)}


def _pairs(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
