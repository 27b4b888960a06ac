"""What a fault does to an answer."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from starlette.responses import Response

from tests.simulator.faults import Rule
from tests.simulator.http.bodies import lay_over
from tests.simulator.http.broken import Drop, Trickle
from tests.simulator.http.clock import Clock
from tests.simulator.http.reply import Reply


def script_reply(rule: Rule) -> Reply:
    """The answer that the fault gives instead of ours."""
    headers = dict(rule.headers)
    if rule.html:
        headers.setdefault("Content-Type", "text/html")
        page = f"<html><body><h1>{rule.status}</h1>{rule.body or ''}</body></html>"
        return Reply(status=rule.status, body=page.encode(), headers=headers)
    body = {"error": "rate limit exceeded"} if rule.status == 429 and rule.body is None else rule.body
    return Reply(status=rule.status, body=body, headers=headers)


def bend(rule: Rule, reply: Reply) -> Reply:
    """What the fault does to the answer to a request that was done."""
    if rule.fault == "answer":
        return script_reply(rule)
    if rule.fault == "hide" and isinstance(reply.body, list):
        return replace(reply, body=[row for row in reply.body if not _fits(row, rule.rows)])
    if rule.fault != "rewrite":
        return reply
    if isinstance(reply.body, list):
        body = [lay_over(row, rule.body) for row in reply.body]
    else:
        body = lay_over(reply.body, rule.body)
    return Reply(status=reply.status, body=body, headers=reply.headers)


def _fits(row: dict[str, Any], pattern: str) -> bool:
    return any(fnmatchcase(str(row.get(key) or ""), pattern) for key in ("id", "name"))


def break_up(rule: Rule, response: Response, *, clock: Clock) -> Response:
    """The response as it travels: whole, broken off or in a trickle."""
    if rule.fault == "drop":
        return Drop(when=rule.when, body=bytes(response.body), status=response.status_code)
    if rule.fault == "trickle":
        return Trickle(whole=response, seconds=rule.delay, clock=clock)
    return response
