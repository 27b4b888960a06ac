"""Which of many schedules run when: a few in `make test`, as many again in `make checks`, all of them in `make crashes`."""

from __future__ import annotations

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
