"""Questions side by side: answers in order, one error, the telling one, and no waiting for those after it."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.concurrency import both, gather
from entrypoint.kernel.errors import OutsideError
from tests.simulator.virtual import run_virtual


async def say(word: str, *, after: float = 0.0, fail: bool = False) -> str:
    await anyio.sleep(after)
    if fail:
        raise OutsideError(word)
    return word


def test_all_answers_come_back_in_order() -> None:
    assert run_virtual(lambda: both(lambda: say("a", after=2), lambda: say("b", after=1))) == ("a", "b")
    assert run_virtual(lambda: gather([])) == ()
    words = [lambda n=n: say(str(n), after=9.0 - n) for n in range(9)]
    assert run_virtual(lambda: gather(words)) == tuple("012345678")


@pytest.mark.parametrize(("first", "second"), [(1.0, 60.0), (5.0, 1.0)])
def test_the_first_error_is_raised__without_waiting_for_the_second(first: float, second: float) -> None:
    async def story() -> float:
        begun = anyio.current_time()
        with pytest.raises(OutsideError, match="no app"):
            await both(
                lambda: say("no app", after=first, fail=True),
                lambda: say("no image", after=second, fail=True),
            )
        return anyio.current_time() - begun

    assert run_virtual(story) == pytest.approx(first)


def test_the_second_error_is_raised__when_the_first_has_answered() -> None:
    with pytest.raises(OutsideError, match="no image"):
        run_virtual(lambda: both(lambda: say("a", after=3), lambda: say("no image", fail=True)))


@pytest.mark.parametrize(("at_once", "took"), [(None, 1.0), (6, 1.0), (2, 3.0), (1, 6.0)])
def test_no_more_at_once_than_told(at_once: int | None, took: float) -> None:
    async def story() -> float:
        begun = anyio.current_time()
        await gather([lambda: say("x", after=1.0)] * 6, at_once=at_once)
        return anyio.current_time() - begun

    assert run_virtual(story) == pytest.approx(took)


def test_a_bug_is_not_hidden() -> None:
    async def wrong() -> str:
        raise ValueError("a bug")

    with pytest.raises(BaseExceptionGroup):
        run_virtual(lambda: gather([wrong, lambda: say("a", after=1)]))
