"""A few of the schedules that `make simulate` plays at the ports, those that once broke something, and whether it finds faults at all."""

from __future__ import annotations

import pytest

from tests.samples import some
from tests.simulate import selftest
from tests.simulate.minimal import lessen
from tests.simulate.schedule import TOGETHER, draw, find_reference, play

FOUND = (174, 1235, 200091, 300025, 3000074, 5004018, 7004429, 8000383, 8002805, 8007028)
"""A rollback wrote what Fly knows of a machine whose host had been lost, not the whole of its config; bluegreen that had made nothing yet forgot that its
release command had succeeded; the proof held old crashes against a machine that was started;
a rollback took machines while one that was only drained was still out of routing; it took down a second one of three while the first, which could not be
restored, was starting; a machine was started, and a volume and machines created, after a halt (four of them); a rollback cut the requests of a machine that
had come up meanwhile."""
SURE = (0, 4, 6, 8, 9)
"""Faults of the engine that are found at once (selftest.FAULTS); `make simulate SELFTEST=1` looks for all."""


@pytest.mark.parametrize("seed", [*FOUND, *some(range(5000, 5080), one_in=16)])
def test_a_schedule__breaks_nothing(seed: int) -> None:
    record = play(draw(seed))
    assert record.wrong == [], "\n".join(record.told)


@pytest.mark.parametrize("seed", some(range(5000, 5040), one_in=20))
def test_a_seed__always_tells_the_same(seed: int) -> None:
    first, second = play(draw(seed)), play(draw(seed))
    assert (first.told, first.now) == (second.told, second.now)


def test_a_case_without_misfortune__breaks_nothing_and_is_deployed() -> None:
    ways = [find_reference(seed) for seed in range(5000, 5100, TOGETHER)]
    assert {way.result for way in ways} == {"deployed"}
    assert [way.wrong for way in ways if way.wrong] == []


def test_a_failing_schedule__is_told_with_what_it_needs() -> None:
    schedule = next(s for s in map(draw, range(6000, 6200)) if len(s.misfortunes) == 3)
    needed = schedule.misfortunes[1]
    less = lessen(schedule, fails=lambda s: needed in s.misfortunes)
    assert less.misfortunes == (needed,)
    assert less.pause == 0.0


@pytest.mark.parametrize("number", SURE, ids=[selftest.FAULTS[n].name for n in SURE])
def test_a_fault_of_the_engine__is_found(number: int) -> None:
    found = selftest.find(number, first=1, most=40)
    assert found.schedules, "not found"


def test_the_engine_is_whole_again__after_each_fault() -> None:
    before = [[(o, n, getattr(o, n)) for o, n, _ in fault.replaced()] for fault in selftest.FAULTS]
    for fault, owned in zip(selftest.FAULTS, before, strict=True):
        with selftest.replacing(fault):
            assert all(getattr(owner, name) is not whole for owner, name, whole in owned)
        assert all(getattr(owner, name) is whole for owner, name, whole in owned)
