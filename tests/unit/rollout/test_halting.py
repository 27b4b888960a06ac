"""A write that Fly does not answer: repeated while the rollout goes on, and no longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from entrypoint.fleet.errors import Unavailable
from entrypoint.rollout.halting import WRITE_PATIENCE, Halting
from entrypoint.rollout.outcome import Halted, HaltKind
from tests.unit.rollout.strange import virtual

Way = Callable[[Halting, Callable[[], Awaitable[str]]], Awaitable[str]]


def only_writes(halting: Halting, call: Callable[[], Awaitable[str]]) -> Awaitable[str]:
    return halting.write(call)


def reads_first(halting: Halting, call: Callable[[], Awaitable[str]]) -> Awaitable[str]:
    async def read() -> None:
        await checkpoint()

    return halting.write_after(read, lambda _: call())


ways = pytest.mark.parametrize("way", [only_writes, reads_first])


def silent(until: float) -> Callable[[], Awaitable[str]]:
    """A request that gets no answer before that time."""

    async def call() -> str:
        if anyio.current_time() < until:
            raise Unavailable("HTTP 503")
        return "written"

    return call


@ways
@pytest.mark.parametrize(("seconds", "ends"), [(60, "written"), (WRITE_PATIENCE + 20, "HTTP 503")])
def test_a_write_without_an_answer__is_repeated_for_a_while(way: Way, seconds: float, ends: str) -> None:
    async def story() -> tuple[str, float]:
        begun = anyio.current_time()
        try:
            said = await way(Halting(drop_waiting=lambda: None), silent(begun + seconds))
        except Unavailable as error:
            said = str(error)
        return said, anyio.current_time() - begun

    said, took = virtual(story)
    assert said == ends
    assert min(seconds, WRITE_PATIENCE) <= took <= min(seconds, WRITE_PATIENCE) + 3


@ways
def test_once_the_rollout_is_halted__it_is_not_repeated(way: Way) -> None:
    async def story() -> float:
        halting, begun = Halting(drop_waiting=lambda: None), anyio.current_time()

        async def halt() -> None:
            await anyio.sleep(10)
            halting.halt(Halted(kind=HaltKind.REFUSED, message="another machine"))

        async with anyio.create_task_group() as group:
            group.start_soon(halt)
            with pytest.raises(Unavailable):
                await way(halting, silent(begun + 60))
            return anyio.current_time() - begun
        raise AssertionError

    assert 10 <= virtual(story) <= 13
