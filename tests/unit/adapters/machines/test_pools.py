"""How requests are shared out among several pools."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial

import anyio
import httpx
import pytest

from entrypoint.adapters.machines.pools import FEW, Pools
from entrypoint.fleet.errors import NotSent
from tests.simulator.virtual import run_virtual


class Pool(httpx.AsyncBaseTransport):
    """Is closed, or not."""

    is_closed = False

    async def aclose(self) -> None:
        self.is_closed = True


def test_the_one_with_the_fewest_requests_goes_next__and_another_is_made_when_all_have_a_few() -> None:
    made: list[Pool] = []

    def make() -> Pool:
        made.append(Pool())
        return made[-1]

    async def story() -> None:
        pools = Pools(make, most=2, each=20)
        assert made == []
        for _ in range(2):  # one after the other: the first, again
            async with pools.one(within=1) as pool:
                assert [pool] == made
        async with AsyncExitStack() as stack:

            async def one() -> httpx.AsyncBaseTransport:
                return await stack.enter_async_context(pools.one(within=1))

            assert {await one() for _ in range(FEW)} == {made[0]}
            assert len(made) == 1
            async with pools.one(within=1) as second:
                assert made[1:] == [second]
            assert await one() is second
            async with pools.one(within=1) as fewest:
                assert fewest is second
            later = [await one() for _ in range(FEW - 1)]
            assert later == [second] * (FEW - 1)
            first, again, once_more = [await one() for _ in range(3)]
            assert (first, again, once_more) == (made[0], second, made[0]), "no third: it takes turns"
        await pools.aclose()

    run_virtual(story)
    assert all(pool.is_closed for pool in made)


def test_a_request_without_a_free_connection__waits_in_order_and_not_for_ever() -> None:
    served: list[int] = []

    async def story() -> float:
        pools = Pools(Pool, most=1, each=2)

        async def ask(number: int) -> None:
            async with pools.one(within=9):
                await anyio.sleep(2)
                served.append(number)

        async with anyio.create_task_group() as group:
            for number in range(8):
                group.start_soon(ask, number)
                await anyio.sleep(0.01)
            with pytest.raises(httpx.PoolTimeout):
                async with pools.one(within=3):
                    pass
        await pools.aclose()
        return anyio.current_time()

    assert run_virtual(story) == pytest.approx(8, abs=0.1)
    assert served == list(range(8))


def test_those_that_may_be_dropped__are_sent_no_more_while_they_wait() -> None:
    ended: list[str] = []

    async def story() -> None:
        pools = Pools(Pool, most=1, each=1)

        async def ask(name: str, *, droppable: bool) -> None:
            try:
                async with pools.one(within=9, droppable=droppable):
                    await anyio.sleep(2)
            except NotSent as error:
                ended.append(f"{name}: {error}")
            else:
                ended.append(name)

        async with anyio.create_task_group() as group:
            for name, droppable in (("sent", True), ("a read", False), ("a write", True)):
                group.start_soon(partial(ask, name, droppable=droppable))
                await anyio.sleep(0.01)
            pools.drop()
        await ask("later", droppable=True)
        await pools.aclose()

    run_virtual(story)
    assert ended == ["a write: dropped before a connection was free", "sent", "a read", "later"]
