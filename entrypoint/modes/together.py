"""Two questions asked side by side."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from entrypoint.kernel.errors import ActionError

A = TypeVar("A")
B = TypeVar("B")


async def together(first: Callable[[], Awaitable[A]], second: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """Both answers. Where both fail, the first's error is raised: name the one first that explains the other."""
    firsts: list[A] = []
    seconds: list[B] = []
    errors: dict[int, ActionError] = {}

    async def ask_first() -> None:
        try:
            firsts.append(await first())
        except ActionError as error:
            errors[0] = error
            group.cancel_scope.cancel()  # nothing that the second may say is of interest now

    async def ask_second() -> None:
        try:
            seconds.append(await second())
        except ActionError as error:
            errors[1] = error

    async with anyio.create_task_group() as group:
        group.start_soon(ask_first)
        group.start_soon(ask_second)
    if errors:
        raise errors[min(errors)]
    return firsts[0], seconds[0]
