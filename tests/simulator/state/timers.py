"""What will happen later: a queue of due times. Nothing runs by itself; whoever looks at the world first lets due things happen."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True, slots=True)
class Timer:
    """`act` is due at `due` (virtual seconds) and changes the thing named `owner`."""

    due: float
    order: int
    owner: str = field(compare=False)
    act: Callable[[], None] = field(compare=False)
    dead: bool = field(default=False, compare=False)


class Timers:
    """Timers in order of due time, then of setting. One queue for all, one for each owner."""

    def __init__(self) -> None:
        self._all: list[Timer] = []
        self._owned: dict[str, list[Timer]] = {}
        self._count = 0

    def at(self, due: float, owner: str, act: Callable[[], None]) -> Timer:
        """Let `act` happen at `due`."""
        self._count += 1
        timer = Timer(due, self._count, owner, act)
        heapq.heappush(self._all, timer)
        heapq.heappush(self._owned.setdefault(owner, []), timer)
        return timer

    def forget(self, owner: str) -> None:
        """Whatever was to happen to `owner` does not."""
        for timer in self._owned.pop(owner, []):
            timer.dead = True

    def next_due(self, owner: str | None = None) -> float | None:
        """When something happens next, to `owner` or at all."""
        queue = self._all if owner is None else self._owned.get(owner)
        if queue is None:
            return None
        while queue and queue[0].dead:
            heapq.heappop(queue)
        return queue[0].due if queue else None

    def pop_due(self, now: float) -> Timer | None:
        """The next timer that is due at `now`, taken out."""
        queue = self._all
        while queue and queue[0].due <= now:
            timer = heapq.heappop(queue)
            if not timer.dead:
                timer.dead = True
                return timer
        return None
