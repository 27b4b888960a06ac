"""How often and how long after a request is repeated (machines-api §10): full jitter, Retry-After obeyed, a bound on both."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import anyio
import httpx

from entrypoint.fleet.errors import FleetError

ATTEMPTS = 6
PATIENCE = 90.0
"""Seconds after which a request is not begun again. A 429 costs no attempt: only this ends it."""
FIRST, CAP = 0.5, 10.0
"""Seconds: the back-off doubles from FIRST to CAP."""
LONGEST_RETRY_AFTER = 60.0
REPEATED = frozenset({408, 425, 429} | set(range(500, 600)) - {501, 505})
"""Answers after which the same request may succeed. Proxies know more 5xx than RFC 9110 does."""
NEVER_EXECUTED = frozenset({425, 429})
"""Of these, the ones that prove nothing was done."""


def pause(attempt: int, status: int | None, headers: httpx.Headers | None, *, dice: random.Random) -> float:
    """Seconds before attempt + 1; `attempt` counts from 1. `status` is None where no answer came."""
    asked = _retry_after(headers) if headers is not None else None
    if asked is not None:
        return min(asked, LONGEST_RETRY_AFTER) + dice.uniform(0, FIRST)
    ceiling = min(CAP, FIRST * 2.0 ** (attempt - 1))
    return (1.0 if status == 429 else 0.0) + dice.uniform(0, ceiling)


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, from either form of the header (RFC 9110 §10.2.3). The server's own clock counts where it tells it."""
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
    """Counts how often a refusal that may pass was met, kind by kind."""

    def __init__(self) -> None:
        self._met: Counter[type[FleetError]] = Counter()

    async def rest(self, error: FleetError, *, seconds: float, most: int) -> None:
        """Sleep before the next attempt; raises `error` when it was met `most` times."""
        self._met[type(error)] += 1
        if self._met[type(error)] >= most:
            raise error
        await anyio.sleep(seconds)
