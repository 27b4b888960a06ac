"""How often and how long after a request is repeated (machines-api §10): full jitter, Retry-After obeyed, a bound on both."""

from __future__ import annotations

import random

import httpx

ATTEMPTS = 6
FIRST, CAP = 0.5, 10.0
"""Seconds: the back-off doubles from FIRST to CAP."""
LONGEST_RETRY_AFTER = 60.0
REPEATED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers after which the same request may succeed."""
NEVER_EXECUTED = frozenset({425, 429})
"""Of these, the ones that prove nothing was done."""


def pause(attempt: int, response: httpx.Response | None, *, dice: random.Random) -> float:
    """Seconds before attempt + 1; `attempt` counts from 1."""
    if response is not None and (asked := _retry_after(response)) is not None:
        return min(asked, LONGEST_RETRY_AFTER)
    ceiling = min(CAP, FIRST * 2 ** (attempt - 1))
    floor = 1.0 if response is not None and response.status_code == 429 else 0.0
    return floor + dice.uniform(0, ceiling)


def _retry_after(response: httpx.Response) -> float | None:
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return None


def never_sent(error: httpx.TransportError) -> bool:
    """Whether the request certainly did not reach the server."""
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
