"""Large fleets: what waits cost on virtual time. tests/benchmarks/big_fleet.py prints more, over loopback too."""

from __future__ import annotations

import pytest

from tests.benchmarks.big_fleet import measure_waits


@pytest.mark.thorough
def test_a_thousand_waits_at_once_cost_little_and_no_more_each_than_a_hundred() -> None:
    measure_waits(20)
    few, many = (min(measure_waits(number) for _ in range(3)) for number in (200, 1000))
    assert many < 5 * few * 3, (few, many)
