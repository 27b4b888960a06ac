"""Blocking calls (PyGithub) off the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

T = TypeVar("T")


async def in_thread(call: Callable[[], T]) -> T:
    """Run `call` in a thread that a cancellation abandons: waiting for it would eat the six seconds a cancelled job has."""
    return await to_thread.run_sync(call, abandon_on_cancel=True)
