"""Virtual time goes as trio's own would: tests/simulator/virtual.py does a part of it itself."""

from __future__ import annotations

import anyio
import pytest
import trio

from tests.simulator.virtual import run_virtual


def test_sleepers_wake_in_the_order_of_their_times__and_nobody_waits_for_real() -> None:
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await anyio.sleep(seconds)
        woken.append((name, anyio.current_time()))

    async def story() -> float:
        async with anyio.create_task_group() as group:
            for name, seconds in (("day", 86_400.0), ("hour", 3_600.0), ("now", 0.0)):
                group.start_soon(sleep, name, seconds)
        return trio.current_time()

    assert run_virtual(story) == 86_400.0
    assert woken == [("now", 0.0), ("hour", 3_600.0), ("day", 86_400.0)]


def test_a_sleep_that_is_cancelled_ends_then__and_time_does_not_go_on_to_its_end() -> None:
    async def story() -> tuple[bool, float]:
        with anyio.move_on_after(5) as scope:
            await anyio.sleep(60)
        await anyio.sleep(1)
        return scope.cancelled_caught, anyio.current_time()

    assert run_virtual(story) == (True, 6.0)


def test_a_deadline_between_two_sleeps_is_met_in_its_turn() -> None:
    seen: list[float] = []

    async def wait(seconds: float) -> None:
        await anyio.sleep(seconds)
        seen.append(anyio.current_time())

    async def story() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(wait, 1.0)
            group.start_soon(wait, 3.0)
            with anyio.move_on_after(2):
                await anyio.sleep_forever()
            seen.append(anyio.current_time())

    run_virtual(story)
    assert seen == [1.0, 2.0, 3.0]


def test_who_is_due_at_one_moment_goes_in_an_order_that_the_seed_decides() -> None:
    def order(seed: int) -> str:
        woken: list[str] = []

        async def wait(name: str) -> None:
            await anyio.sleep(1.0)
            woken.append(name)

        async def story() -> None:
            async with anyio.create_task_group() as group:
                for name in "abcdef":
                    group.start_soon(wait, name)

        run_virtual(story, seed=seed)
        return "".join(woken)

    assert order(1) == order(1)
    assert len({order(seed) for seed in range(10)}) > 1


def test_a_negative_time_is_an_error__as_outside_of_tests() -> None:
    async def story() -> None:
        await anyio.sleep(-1)

    for run in (run_virtual, trio.run):
        with pytest.raises(ValueError, match="non-negative"):
            run(story)


def test_afterwards_time_is_real_again() -> None:
    sleep, now = anyio.sleep, anyio.current_time
    run_virtual(trio.lowlevel.checkpoint)
    assert (anyio.sleep, anyio.current_time) == (sleep, now)
