"""Requests and answers as they travel, whatever carries them: uvicorn, or a call."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from starlette.requests import Request
from starlette.responses import Response

from tests.simulator_github.calls import Answer
from tests.simulator_github.faults import Fault
from tests.simulator_github.journal import Entry
from tests.simulator_github.openapi import Exchange


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request: `site` is scheme, host and port; header names are in lower case."""

    method: str
    site: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What goes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def read_request(request: Request) -> Asked:
    return Asked(
        method=request.method,
        site=f"{request.url.scheme}://{request.headers['host']}",
        path=request.url.path,
        query=request.url.query,
        headers=dict(request.headers),
        body=await request.body(),
        params=dict(request.path_params),
    )


def check_answer(exchange: Exchange, answer: Answer) -> list[str]:
    """Statuses that GitHub gives everywhere (401, 403, 404, 400) are not listed for every operation, and 422 not for statuses."""
    if answer.status in (400, 401, 403, 404):
        return []
    body = b"" if answer.document is None else json.dumps(answer.document).encode()
    content_type = "" if answer.document is None else "application/json"
    found = exchange.response_violations(status=answer.status, body=body, content_type=content_type)
    return [text for text in found if answer.status != 422 or "ResponseNotFound" not in text]


def remove_fields(answer: Answer) -> None:
    """API version 2026-03-10 took merge_commit_sha and assignee off pull requests."""
    items = answer.document if isinstance(answer.document, list) else [answer.document]
    for item in items:
        if isinstance(item, dict) and "merge_commit_sha" in item:
            del item["merge_commit_sha"], item["assignee"]


def sent(answer: Answer, entry: Entry) -> Reply:
    entry.status = answer.status
    return written(answer.status, answer.document, dict(answer.headers or {}))


def written(status: int, document: Any, headers: dict[str, str] | None = None) -> Reply:
    content = (
        b"" if document is None else json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    )
    kind = {} if document is None else {"content-type": "application/json; charset=utf-8"}
    return Reply(
        status=status, headers={"x-github-request-id": "SIM:1", **kind, **(headers or {})}, body=content
    )


def response(reply: Reply) -> Response:
    return Response(reply.body, status_code=reply.status, headers=dict(reply.headers))


def spoil(fault: Fault, answer: Answer, entry: Entry) -> Reply | None:
    if fault.drop:
        return None
    if fault.status is None and fault.text is None:
        return sent(replace(answer, headers={**(answer.headers or {}), **fault.headers}), entry)
    entry.status = fault.status or answer.status
    if fault.text is not None:
        headers = {"content-type": "application/json", **fault.headers}
        return Reply(status=entry.status, headers=headers, body=fault.text.encode())
    document = {"message": "Server Error"} if fault.document is None else fault.document
    return written(entry.status, document, fault.headers)


async def cut(receive: Callable[[], Awaitable[Any]]) -> None:
    """Reset the connection: uvicorn's request cycle, whose method `receive` is, holds the transport."""
    cycle: Any = getattr(receive, "__self__", None)
    if cycle is None or not hasattr(cycle, "transport"):
        raise RuntimeError("a connection can be cut only where uvicorn serves the simulator over a socket")
    cycle.transport.abort()
    await anyio.sleep(0.01)
