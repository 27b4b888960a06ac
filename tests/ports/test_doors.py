"""The ports and HTTP lead to the same: the same schedule ends in the same fleet, with the same words, through either door."""

from __future__ import annotations

import pytest

from tests.ports.wire import make_wired
from tests.samples import some
from tests.simulate.invariants import shape, sizes
from tests.simulate.record import Record
from tests.simulate.schedule import draw, play


@pytest.mark.parametrize("seed", some(range(30), one_in=10))
def test_a_schedule_at_the_ports__ends_as_it_does_through_http(seed: int) -> None:
    schedule = draw(seed)
    ports, wired = play(schedule), play(schedule, door=make_wired)
    assert _end(ports) == _end(wired), [*map(str, schedule.misfortunes), *ports.told, *wired.told]


def _end(record: Record) -> object:
    return (
        [(run.number, run.result, run.fate.dead) for run in record.runs],
        shape(record),
        sizes(record),
        record.wrong,
    )
