"""Which of many cases run when. Of crash schedules a few in `make test`, as many again in `make checks` (all of them: tests/everywhere.py);
of others a share in `make test`, the rest in `make checks`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def schedules(most: int, *, one_in: int) -> list[ParameterSet]:
    """Samples of `at`, `executed`: killed at which request of `most`, before or after the server executed it."""
    found = []
    for at in range(1, most + 1):
        for executed in (False, True):
            place = (2 * at + executed) % one_in
            if place < 2:
                marks = [pytest.mark.thorough] if place else []
                found.append(
                    pytest.param(at, executed, id=f"{at}-{'after' if executed else 'before'}", marks=marks)
                )
    return found


def some(values: Iterable[Any], *, one_in: int) -> list[Any]:
    """The first and every so manieth after it in `make test`, the others in `make checks`."""
    return [
        pytest.param(value, id=str(value), marks=[pytest.mark.thorough] if place % one_in else [])
        for place, value in enumerate(values)
    ]
