"""Stay under Fly's published limits without slowing what they allow (machines-api §1.4).

One request a second and three in a burst, per action and identifier; five a second and ten in a burst for GET machine.
"""

from __future__ import annotations

import math

import anyio

RATE, BURST = 1.0, 3
READ_RATE, READ_BURST = 5.0, 10


class Limiter:
    """Token buckets by action and identifier. `wait` sleeps exactly until the next request is allowed."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, str], float] = {}

    async def wait(self, action: str, identifier: str) -> None:
        """Take a token, waiting for it if need be. Waiters are served in order."""
        rate, burst = (READ_RATE, READ_BURST) if action == "get" else (RATE, BURST)
        now = anyio.current_time()
        key = (action, identifier)
        full = self._next.get(key, -math.inf)
        due = max(full, now - (burst - 1) / rate)
        self._next[key] = due + 1 / rate
        if due > now:
            await anyio.sleep(due - now)
