"""Stay under Fly's published limits without slowing what they allow (machines-api §1.4).

One request a second and three in a burst, per action and identifier; five a second and ten in a burst for GET machine.
"""

from __future__ import annotations

import math

import anyio

RATE, BURST = 1.0, 3
READ_RATE, READ_BURST = 5.0, 10
SLACK = 0.005
"""Part of the interval added to it: requests do not arrive as evenly as they are sent."""


class Limiter:
    """Token buckets by action and identifier. `wait` sleeps exactly until the next request is allowed."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, str], float] = {}

    async def wait(self, action: str, identifier: str) -> None:
        """Take a token, waiting for it if need be. Waiters are served in order."""
        rate, burst = (READ_RATE, READ_BURST) if action == "get" else (RATE, BURST)
        interval = (1 + SLACK) / rate
        now, key = anyio.current_time(), (action, identifier)
        due = max(self._next.get(key, -math.inf), now - (burst - 1) * interval)
        self._next[key] = due + interval
        if due > now:
            await anyio.sleep(due - now)

    def hold(self, action: str, identifier: str, *, seconds: float) -> None:
        """The server said 429: somebody else spends from this bucket too. Nothing goes out for `seconds`."""
        key = (action, identifier)
        self._next[key] = max(self._next.get(key, -math.inf), anyio.current_time() + seconds)
