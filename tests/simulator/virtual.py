"""Virtual time for tests, the same from run to run under a seed: waiting costs nothing, and the seed decides which task goes first."""

from __future__ import annotations

import select
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio
from trio.testing import MockClock

T = TypeVar("T")


def run_virtual(story: Callable[[], Awaitable[T]], *, seed: int = 0, clock: MockClock | None = None) -> T:
    """Run `story` on a clock that jumps; on `clock`, if several stories share one.

    trio shuffles the tasks that could go on now, in an order that is not even the same with a seeded generator, unless its own
    tests' switch is on. Both are private to trio (seen with 0.35): this is the one place that knows them.
    """
    scheduler: Any = trio._core._run
    before = scheduler._ALLOW_DETERMINISTIC_SCHEDULING
    scheduler._ALLOW_DETERMINISTIC_SCHEDULING = True
    scheduler._r.seed(seed)
    try:
        return trio.run(story, clock=clock or _make_clock())
    finally:
        scheduler._ALLOW_DETERMINISTIC_SCHEDULING = before


def _make_clock() -> MockClock:
    """It only jumps: what it shows need not be worked out from the real time on each look, thousands of times a story."""
    clock: Any = MockClock(autojump_threshold=0)
    clock.current_time = lambda: clock._virtual_base
    return clock


def forked() -> None:
    """Called in a child that was forked while a story runs: from now on the two have nothing in common. An epoll would be one for both."""
    manager: Any = trio._core._run.GLOBAL_RUN_CONTEXT.runner.io_manager
    manager._epoll = select.epoll()
    for descriptor, waiters in manager._registered.items():
        manager._epoll.register(descriptor, waiters.current_flags | select.EPOLLONESHOT)
