"""How often a machine is read whose checks are awaited."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from entrypoint.rollout.looks import Looks
from tests.unit.rollout.strange import Lessor


@pytest.mark.parametrize(
    ("gates", "age", "seconds"),
    [
        (1, 0.5, 0.25), (2, 0.99, 0.25), (1, 1.0, 0.125), (2, 1.49, 0.125), (1, 1.5, 0.25), (1, 2.99, 0.25), (1, 3.0, 1.0),
        (3, 0.5, 0.5), (3, 1.0, 0.5), (40, 2.99, 0.5), (40, 3.0, 1.0),
    ],
)  # fmt: skip
def test_one_or_two_are_read_often__more_share_a_list(gates: int, age: float, seconds: float) -> None:
    looks = Looks(Lessor())
    with ExitStack() as gated:
        for _ in range(gates):
            gated.enter_context(looks.gating())
        assert looks.apart(age) == seconds
