"""Answers, and how the platform's refusals look as such."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulator.state.refusals import Code, Refusal, Shape
from tests.simulator.state.settings import Switches

STATUS = {
    Code.INVALID_ARGUMENT: 400,
    Code.UNAUTHENTICATED: 401,
    Code.PERMISSION_DENIED: 403,
    Code.NOT_FOUND: 404,
    Code.DEADLINE_EXCEEDED: 408,
    Code.ABORTED: 409,
    Code.ALREADY_EXISTS: 409,
    Code.FAILED_PRECONDITION: 412,
    Code.UNPROCESSABLE: 422,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
}


@dataclass(slots=True, kw_only=True)
class Reply:
    """An answer. `body` None is an empty one; bytes go out as they are; anything else as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


OK = {"ok": True}


def refuse(refusal: Refusal, *, switches: Switches) -> Reply:
    """The answer for a refusal."""
    reply = Reply(status=STATUS[refusal.code])
    if refusal.shape is Shape.MESSAGE:
        reply.body = {"status": "error", "message": refusal.message, "code": "invalid"}
    else:
        reply.body = _place(refusal, switches.error_place)
    if isinstance(reply.body, bytes):
        reply.headers["Content-Type"] = "text/plain"
    if switches.retry_after and refusal.code is Code.RESOURCE_EXHAUSTED:
        reply.headers["Retry-After"] = "1"
    return reply


def _place(refusal: Refusal, place: str) -> Any:
    """The text where the switch wants it, and the word for machines beside it."""
    status = {"status": refusal.status} if refusal.status else {}
    match place:
        case "plain":
            return refusal.message.encode()
        case "detail":
            return {"errors": {"detail": refusal.message}, **status}
        case _:
            return {place: refusal.message, **status}
