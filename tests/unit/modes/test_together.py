"""Two questions side by side: one error, the telling one, and no waiting for the other."""

from __future__ import annotations

import anyio
import pytest

from entrypoint.kernel.errors import OutsideError
from entrypoint.modes.together import together
from tests.simulator.virtual import run_virtual


async def say(word: str, *, after: float = 0.0, fail: bool = False) -> str:
    await anyio.sleep(after)
    if fail:
        raise OutsideError(word)
    return word


def test_both_answers_come_back() -> None:
    assert run_virtual(lambda: together(lambda: say("a", after=2), lambda: say("b", after=1))) == ("a", "b")


@pytest.mark.parametrize(("first", "second"), [(1.0, 60.0), (5.0, 1.0)])
def test_the_first_error_is_raised__without_waiting_for_the_second(first: float, second: float) -> None:
    async def story() -> float:
        begun = anyio.current_time()
        with pytest.raises(OutsideError, match="no app"):
            await together(
                lambda: say("no app", after=first, fail=True),
                lambda: say("no image", after=second, fail=True),
            )
        return anyio.current_time() - begun

    assert run_virtual(story) == pytest.approx(first)


def test_the_second_error_is_raised__when_the_first_has_answered() -> None:
    with pytest.raises(OutsideError, match="no image"):
        run_virtual(lambda: together(lambda: say("a", after=3), lambda: say("no image", fail=True)))
