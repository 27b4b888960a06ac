"""Async stories on trio's virtual clock: waiting costs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio
from trio.testing import MockClock

T = TypeVar("T")


def virtual(story: Callable[[], Awaitable[T]]) -> T:
    """Run `story` to its end."""
    return trio.run(story, clock=MockClock(autojump_threshold=0))
