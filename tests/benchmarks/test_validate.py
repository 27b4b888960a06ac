"""What `flightplan validate` must not cost. Ratios in one run, with room for a busy machine; `make bench` prints the exact ones."""

from __future__ import annotations

import pytest

from tests.benchmarks.validate import BESIDE, OURS, compare


def test_validate_starts_about_as_fast_as_an_import_of_tomlkit_and_pydantic() -> None:
    """The goal is 1.5; a regression that loads a network library costs 3 and more."""
    pytest.importorskip("pydantic", reason="comes with the development tools")
    ours, beside = compare(OURS, BESIDE, turns=5)
    assert ours <= 2.5 * beside
