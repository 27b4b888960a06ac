"""Keeps requests within Fly's published limits (https://fly.io/docs/machines/api/working-with-machines-api/).

For each action and identifier, one request per second, and three in a burst. For reading one machine: five per second, ten in a burst.
"""

from __future__ import annotations

import math

import anyio

from entrypoint.fleet.errors import NotSent

RATE, BURST = 1.0, 3
READ_RATE, READ_BURST = 5.0, 10
SLACK = 0.005
"""Share of the interval that is added to it, because requests do not arrive as evenly as they are sent."""


class Limiter:
    """Token buckets by action and identifier. `wait` sleeps exactly until the next request is allowed."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, str], float] = {}
        self._dropped = anyio.Event()

    async def wait(self, action: str, identifier: str, *, droppable: bool = False) -> None:
        """Take a token; wait for it if necessary. Callers are served in order. `droppable`: raises NotSent if `drop` is called meanwhile."""
        rate, burst = (READ_RATE, READ_BURST) if action == "get" else (RATE, BURST)
        interval = (1 + SLACK) / rate
        now, key = anyio.current_time(), (action, identifier)
        due = max(self._next.get(key, -math.inf), now - (burst - 1) * interval)
        self._next[key] = due + interval
        if due > now:
            await (self.rest(due - now) if droppable else anyio.sleep(due - now))

    async def rest(self, seconds: float) -> None:
        """Sleep before a change is sent, or sent again. Raises NotSent if `drop` is called meanwhile."""
        with anyio.move_on_after(seconds):
            await self._dropped.wait()
            raise NotSent("dropped before it was sent")

    def drop(self) -> None:
        """Let the changes that wait now be sent no more."""
        self._dropped.set()
        self._dropped = anyio.Event()

    def hold(self, action: str, identifier: str, *, seconds: float) -> None:
        """Send nothing for `seconds`: after a 429, when somebody else uses the same limit."""
        key = (action, identifier)
        self._next[key] = max(self._next.get(key, -math.inf), anyio.current_time() + seconds)
