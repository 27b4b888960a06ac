"""Failures that a test asks for: which operation, which call, and whether the work was done before it failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Fault:
    """What goes wrong at call `nth` (counted from now, from 1) of `operation`, and at the next `times - 1` calls.

    `commit` does the work first, `late` does it that many seconds after the failure was answered. `drop` cuts the connection instead of answering `status`. `delay` seconds come
    before the answer. `text` is sent as it stands, without being JSON.
    """

    operation: str = "*"
    nth: int = 1
    times: int = 1
    commit: bool = False
    drop: bool = False
    late: float | None = None
    delay: float = 0.0
    status: int | None = None
    document: Any = None
    text: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    seen: int = 0

    def strikes(self, operation: str) -> bool:
        """Count this call. Whether it is one of those that fail."""
        if self.operation not in ("*", operation):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times


@dataclass(kw_only=True)
class Faults:
    """The faults that were asked for. Each counts every call; the first that applies is used."""

    ordered: list[Fault] = field(default_factory=list)

    def order(self, **fields: Any) -> Fault:
        """Add one."""
        fault = Fault(**fields)
        self.ordered.append(fault)
        return fault

    def strike(self, operation: str) -> Fault | None:
        """The fault of this call, if any."""
        struck = [fault for fault in self.ordered if fault.strikes(operation)]
        return struck[0] if struck else None


def secondary_limit(operation: str, *, retry_after: int | None = 1, **fields: Any) -> dict[str, Any]:
    """A secondary rate limit (docs: rate limits for the REST API, exceeding the rate limit)."""
    return {
        "operation": operation,
        "status": 403,
        "headers": {} if retry_after is None else {"retry-after": str(retry_after)},
        "document": {
            "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
            "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
        },
        **fields,
    }


def primary_limit(operation: str, *, reset: int, **fields: Any) -> dict[str, Any]:
    """The hourly limit, used up until `reset` (seconds since 1970)."""
    return {
        "operation": operation,
        "status": 403,
        "headers": {
            "x-ratelimit-limit": "1000",
            "x-ratelimit-remaining": "0",
            "x-ratelimit-reset": str(reset),
        },
        "document": {
            "message": "API rate limit exceeded for installation ID 1.",
            "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
        },
        **fields,
    }
