"""Concurrent requests: the one way to make them, for every room that waits."""

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
    """Ask all questions at once, or at most `at_once` at a time. Returns the answers in the order of the questions.

    Where several fail, the error of the first in that order is raised, and the later ones are cancelled. So put the question first
    whose failure explains the others.
    """
    if len(questions) < 2:
        return tuple([await question() for question in questions])
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
    """Ask two questions at once whose answers have different types."""
    questions: tuple[Callable[[], Awaitable[A | B]], ...] = (first, second)
    one, other = await gather(questions)
    return cast("A", one), cast("B", other)


async def watched(work: Callable[[], Awaitable[T]], watch: Callable[[], Awaitable[None]]) -> T:
    """Run both at once, and return the answer of `work`; when it ends, `watch` is cancelled."""
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
