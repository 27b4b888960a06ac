"""Fly's published limits, kept and used to the full."""

from __future__ import annotations

from collections.abc import Callable

import anyio
import pytest

from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.fleet.errors import NotSent
from tests.simulator.http.limits import Limiter as Fly
from tests.simulator.state.refusals import Refusal
from tests.simulator.virtual import run_virtual

UPDATES = 1_000


def pass_times(ask: Callable[[int], tuple[str, str]], count: int) -> list[float]:
    """When each of `count` requests, all wanted at once, may go out; each is also shown to Fly's own bucket."""
    times: list[float] = []
    fly = Fly()

    async def story() -> None:
        limiter = Limiter()

        async def one(number: int) -> None:
            action, identifier = ask(number)
            await limiter.wait(action, identifier)
            times.append(anyio.current_time())
            fly.take("machine_get" if action == "get" else action, identifier, now=anyio.current_time())

        async with anyio.create_task_group() as group:
            for number in range(count):
                group.start_soon(one, number)

    run_virtual(story)
    return [moment - min(times) for moment in times]


def test_a_thousand_updates_of_one_machine__take_what_the_limit_takes() -> None:
    times = pass_times(lambda _: ("update", "m"), UPDATES)
    least = UPDATES - 3  # seconds: three at once, then one a second
    assert least <= max(times) <= least * 1.01
    assert sum(moment < 1e-6 for moment in times) == 3


def test_a_thousand_updates_of_as_many_machines__go_out_at_once() -> None:
    assert max(pass_times(lambda number: ("update", f"m{number}"), UPDATES)) == 0


def test_reading_a_machine__has_its_own_limit() -> None:
    times = pass_times(lambda _: ("get", "m"), UPDATES)
    least = (UPDATES - 10) / 5
    assert least <= max(times) <= least * 1.01
    assert sum(moment < 1e-6 for moment in times) == 10


def test_actions_do_not_share_a_bucket() -> None:
    assert max(pass_times(lambda number: (f"action {number % 2}", "m"), 6)) == 0


def test_the_buckets_that_are_compared_with__do_refuse() -> None:
    fly = Fly()
    for _ in range(3):
        fly.take("update", "m", now=0)
    with pytest.raises(Refusal):
        fly.take("update", "m", now=0.9)


def test_after_a_429__the_bucket_rests_and_no_other() -> None:
    async def story() -> tuple[float, float]:
        limiter, begun = Limiter(), anyio.current_time()
        limiter.hold("update", "m", seconds=7)
        await limiter.wait("update", "other")
        other = anyio.current_time() - begun
        await limiter.wait("update", "m")
        return other, anyio.current_time() - begun

    other, same = run_virtual(story)
    assert other == 0
    assert same == pytest.approx(7)


def test_what_waits_and_may_be_dropped__is_not_sent_any_more() -> None:
    async def story() -> list[str]:
        limiter, told = Limiter(), list[str]()

        async def one(name: str, *, droppable: bool) -> None:
            try:
                await limiter.wait("create", "app", droppable=droppable)
            except NotSent as error:
                told.append(f"{name}: {error}")
            else:
                told.append(f"{name} sent")

        async with anyio.create_task_group() as group:
            for number in range(3):
                await one(f"at once {number}", droppable=True)
            group.start_soon(lambda: one("a lease", droppable=False))
            group.start_soon(lambda: one("a create", droppable=True))
            await anyio.sleep(0.5)
            limiter.drop()
        await one("later", droppable=True)
        return told

    told = run_virtual(story)
    assert told == [
        "at once 0 sent", "at once 1 sent", "at once 2 sent",
        "a create: dropped before it was sent", "a lease sent", "later sent",
    ]  # fmt: skip
