"""Which of many cases run when. Of crash schedules a few in `make test`, as many again in `make checks`, all of them in `make crashes`;
of others a share in `make test`, the rest in `make checks`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def marks(place: int, *, one_in: int) -> list[pytest.MarkDecorator]:
    """Of the schedule at a place, where `make test` takes one in so many."""
    match place % one_in:
        case 0:
            return []
        case 1:
            return [pytest.mark.thorough]
        case _:
            return [pytest.mark.every]


def some(values: Iterable[Any], *, one_in: int) -> list[Any]:
    """The first and every so manieth after it in `make test`, the others in `make checks`."""
    return [
        pytest.param(value, id=str(value), marks=[pytest.mark.thorough] if place % one_in else [])
        for place, value in enumerate(values)
    ]
