"""Repeats a request if Fly does not answer it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from entrypoint.fleet.errors import Unavailable

T = TypeVar("T")

ASK_AGAIN = 2.0
"""Seconds between attempts. Within each, the adapter has its own retries."""


async def patiently(
    call: Callable[[], Awaitable[T]], *, until: float, is_over: Callable[[], bool] = lambda: False
) -> T:
    """The result of `call`, which is repeated if it raises Unavailable: until the time `until` (anyio's clock), or until `is_over`."""
    while True:
        try:
            return await call()
        except Unavailable:
            if is_over() or anyio.current_time() >= until:
                raise
            await anyio.sleep(ASK_AGAIN)
