"""Requests made side by side: the one way to do it, for every room that waits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import TypeVar, cast

import anyio

from entrypoint.kernel.errors import ActionError

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")


async def gather(
    questions: Sequence[Callable[[], Awaitable[T]]], *, at_once: int | None = None
) -> tuple[T, ...]:
    """All answers, in the order of the questions; no more than `at_once` of them under way.

    Where several fail, the error of the one named first is raised, and those after it are not waited for: name the question
    first whose failure explains the others'.
    """
    answers: dict[int, T] = {}
    errors: dict[int, ActionError] = {}
    scopes = [anyio.CancelScope() for _ in questions]
    limiter = nullcontext() if at_once is None else anyio.CapacityLimiter(at_once)

    async def ask(index: int) -> None:
        with scopes[index]:
            async with limiter:
                try:
                    answers[index] = await questions[index]()
                except ActionError as error:
                    errors[index] = error
                    for later in scopes[index + 1 :]:
                        later.cancel()

    async with anyio.create_task_group() as group:
        for index in range(len(questions)):
            group.start_soon(ask, index)
    if errors:
        raise errors[min(errors)]
    return tuple(answers[index] for index in range(len(questions)))


async def both(first: Callable[[], Awaitable[A]], second: Callable[[], Awaitable[B]]) -> tuple[A, B]:
    """Two answers of different kinds."""
    questions: tuple[Callable[[], Awaitable[A | B]], ...] = (first, second)
    one, other = await gather(questions)
    return cast("A", one), cast("B", other)


async def watched(work: Callable[[], Awaitable[T]], watch: Callable[[], Awaitable[None]]) -> T:
    """The answer of `work`; `watch` goes on beside it, as long as that lasts."""
    watching = anyio.CancelScope()

    async def do() -> T:
        try:
            return await work()
        finally:
            watching.cancel()

    async def look() -> None:
        with watching:
            await watch()

    answer, _ = await both(do, look)
    return answer
