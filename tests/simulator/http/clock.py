"""Virtual seconds since the simulator's first request, and how to wait for a later one or for a change."""

from __future__ import annotations

import anyio
import trio

_SHORTEST = 1e-4
"""No sleep is shorter: rounding must not turn a wait into a spin."""


def _time_of_the_loop() -> float:
    """anyio.current_time finds out on each call which loop runs, and here it is asked several times a request. Raises NoEventLoopError."""
    try:
        return trio.current_time()
    except RuntimeError:  # uvicorn's is asyncio
        return anyio.current_time()


class Clock:
    """The event loop's own clock, counted from the first look: trio's MockClock in tests, real time on loopback."""

    def __init__(self) -> None:
        self._start: float | None = None
        self._changes: dict[str, anyio.Event] = {}

    def now(self) -> float:
        """Seconds since the first look."""
        moment = _time_of_the_loop()
        if self._start is None:
            self._start = moment
        return moment - self._start

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        await anyio.sleep(max(seconds, 0))

    async def sleep_until(self, moment: float) -> None:
        """Let the time until `moment` pass."""
        await anyio.sleep(max(moment - self.now(), _SHORTEST))

    async def pause(self, seconds: float) -> None:
        """As sleep, but for no time it does not even yield to other tasks."""
        if seconds > 0:
            await anyio.sleep(seconds)

    async def wait_for_change(self, owner: str, *, until: float) -> None:
        """Return when `owner` changes, or at `until`."""
        event = self._changes.setdefault(owner, anyio.Event())
        with anyio.move_on_after(max(until - self.now(), _SHORTEST)):
            await event.wait()

    def tell(self, owner: str) -> None:
        """`owner` changed: wake the tasks that wait for it."""
        event = self._changes.pop(owner, None)
        if event is not None:
            event.set()
