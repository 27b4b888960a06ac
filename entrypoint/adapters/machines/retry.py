"""When a request is repeated: exponential back-off with full jitter, Retry-After, and limits on attempts and time."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import anyio
import httpx

from entrypoint.fleet.errors import FleetError

ATTEMPTS = 6
PATIENCE = 90.0
"""Seconds after which a request is not repeated. A 429 does not count as an attempt, so only this ends it."""
FIRST, CAP = 0.5, 10.0
"""Seconds: the back-off doubles from FIRST to CAP."""
LONGEST_RETRY_AFTER = 60.0
REPEATED = frozenset({408, 425, 429} | set(range(500, 600)) - {501, 505})
"""Statuses after which the same request may succeed. All 5xx but two, because proxies send some that no RFC has."""
NEVER_EXECUTED = frozenset({425, 429})
"""Those of them after which the request was certainly not executed."""


def pause(attempt: int, status: int | None, headers: httpx.Headers | None, *, dice: random.Random) -> float:
    """Seconds to wait after attempt number `attempt`, which counts from 1. `status`: None without an answer."""
    asked = _retry_after(headers) if headers is not None else None
    if asked is not None:
        return min(asked, LONGEST_RETRY_AFTER) + dice.uniform(0, FIRST)
    ceiling = min(CAP, FIRST * 2.0 ** (attempt - 1))
    return (1.0 if status == 429 else 0.0) + dice.uniform(0, ceiling)


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, from either form of the header (RFC 9110, 10.2.3). A date is compared with the server's own clock, if it sends one."""
    text = headers.get("retry-after", "")
    try:
        seconds = float(text)
    except ValueError:
        when, now = _moment(text), _moment(headers.get("date", "")) or datetime.now(UTC)
        seconds = (when - now).total_seconds() if when else math.nan
    return max(0.0, seconds) if not math.isnan(seconds) else None


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def never_sent(error: httpx.RequestError) -> bool:
    """Whether the request certainly did not reach the server."""
    return isinstance(
        error,
        httpx.ConnectError
        | httpx.ConnectTimeout
        | httpx.PoolTimeout
        | httpx.ProxyError
        | httpx.UnsupportedProtocol,
    )


class Repeats:
    """Counts how often each kind of temporary refusal was met. `rest`: sleeps, and raises NotSent if the change is dropped meanwhile."""

    def __init__(self, rest: Callable[[float], Awaitable[None]]) -> None:
        self._rest = rest
        self._met: Counter[type[FleetError]] = Counter()

    async def rest(self, error: FleetError, *, seconds: float, most: int, may_be_done: bool = False) -> None:
        """Sleep before the next attempt. Raises `error` if its kind was met `most` times; NotSent unless the change may have been executed."""
        self._met[type(error)] += 1
        if self._met[type(error)] >= most:
            raise error
        await (anyio.sleep(seconds) if may_be_done else self._rest(seconds))
