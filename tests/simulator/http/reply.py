"""Answers, and how the platform's refusals look as such (machines-api §1.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulator.state.refusals import Code, Refusal, Shape

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


def refuse(refusal: Refusal, *, retry_after: bool = False) -> Reply:
    """The answer for a refusal."""
    reply = Reply(status=STATUS[refusal.code])
    if refusal.shape is Shape.MESSAGE:
        reply.body = {"status": "error", "message": refusal.message, "code": "invalid"}
    else:
        reply.body = {"error": refusal.message}
        if refusal.status:
            reply.body["status"] = refusal.status
    if retry_after and refusal.code is Code.RESOURCE_EXHAUSTED:
        reply.headers["Retry-After"] = "1"
    return reply
