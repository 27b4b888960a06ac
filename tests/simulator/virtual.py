"""Virtual time for tests, the same from run to run under a seed: waiting costs nothing, and the seed decides which task goes first."""

from __future__ import annotations

import math
import select
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar
from unittest import mock

import anyio
import trio
from trio.lowlevel import Abort, current_task, reschedule, wait_task_rescheduled
from trio.testing import MockClock

T = TypeVar("T")


def run_virtual(story: Callable[[], Awaitable[T]], *, seed: int = 0, clock: MockClock | None = None) -> T:
    """Run `story` on a clock that jumps; on `clock`, if several stories share one.

    trio shuffles the tasks that could go on now, in an order that is not even the same with a seeded generator, unless its own
    tests' switch is on. Both are private to trio (seen with 0.35): this is the one place that knows them.
    """
    scheduler: Any = trio._core._run
    scheduler._r.seed(seed)
    clock = clock or MockClock(autojump_threshold=0)
    time = _Time(clock=clock)
    with (
        mock.patch.object(scheduler, "_ALLOW_DETERMINISTIC_SCHEDULING", True),
        mock.patch.object(trio, "sleep", time.sleep),
        mock.patch.object(anyio, "sleep", time.sleep),
        mock.patch.object(anyio, "current_time", time.now),
    ):
        return trio.run(story, clock=clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """What a story asks hundreds of times, in place of trio's and anyio's own, which cost more than what most stories do in between: to
    wait (trio gives each wait a cancel scope, whose deadline cancels it), and what time it is (the clock only jumps, so that nothing need
    be worked out from the real time).
    """

    clock: Any
    _waiting: list[tuple[float, int, list[trio.lowlevel.Task]]] = field(default_factory=list)
    """A heap: when each wakes, in which order they went to sleep, and the task, or none where it was cancelled."""
    _order: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.clock.current_time = self.now
        self.clock._autojump = self._jump

    def now(self) -> float:
        """As trio.current_time."""
        moment: float = self.clock._virtual_base
        return moment

    async def sleep(self, seconds: float) -> None:
        """As trio.sleep."""
        if seconds < 0:
            raise ValueError("`seconds` must be non-negative")
        if not seconds:
            await trio.lowlevel.checkpoint()
            return
        sleeper = [current_task()]
        heappush(self._waiting, (self.clock._virtual_base + seconds, next(self._order), sleeper))

        def abort(_: object) -> Abort:
            sleeper.clear()
            return Abort.SUCCEEDED

        await wait_task_rescheduled(abort)

    def _jump(self) -> None:
        """To the next moment at which a task wakes or a deadline ends: in place of MockClock's own."""
        while self._waiting and not self._waiting[0][2]:
            heappop(self._waiting)
        deadlines: Any = trio._core._run.GLOBAL_RUN_CONTEXT.runner.deadlines
        moment = min(self._waiting[0][0] if self._waiting else math.inf, deadlines.next_deadline())
        if moment == math.inf:
            return
        self.clock._virtual_base = max(moment, self.clock._virtual_base)
        while self._waiting and self._waiting[0][0] <= moment:
            _, _, sleeper = heappop(self._waiting)
            for task in sleeper:
                reschedule(task)
        deadlines.expire(moment)


def forked() -> None:
    """Called in a child that was forked while a story runs: from now on the two have nothing in common. An epoll would be one for both."""
    manager: Any = trio._core._run.GLOBAL_RUN_CONTEXT.runner.io_manager
    manager._epoll = select.epoll()
    for descriptor, waiters in manager._registered.items():
        manager._epoll.register(descriptor, waiters.current_flags | select.EPOLLONESHOT)
