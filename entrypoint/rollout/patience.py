"""Ask again while Fly does not answer: nothing is known then, and nothing is lost."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from entrypoint.fleet.errors import Unavailable

T = TypeVar("T")

ASK_AGAIN = 2.0
"""Seconds between attempts, on top of what the adapter does."""


async def patiently(
    call: Callable[[], Awaitable[T]], *, until: float, is_over: Callable[[], bool] = lambda: False
) -> T:
    """What `call` returns, asked again until that moment (anyio's clock), or until `is_over`. Then raises its Unavailable."""
    while True:
        try:
            return await call()
        except Unavailable:
            if is_over() or anyio.current_time() >= until:
                raise
            await anyio.sleep(ASK_AGAIN)
