"""Large fleets: what waits cost on virtual time. tests/benchmarks/big_fleet.py prints more, over loopback too."""

from __future__ import annotations

import pytest

from tests.benchmarks.big_fleet import measure_waits


@pytest.mark.thorough
def test_a_thousand_waits_at_once_cost_little_and_no_more_each_than_a_hundred() -> None:
    measure_waits(20)
    few, many = measure_waits(200), measure_waits(1000)
    assert many < 5 * few * 3, (few, many)
    assert many < 4.0, "about half a second of CPU where this was written"
