"""flyctl where there is one, and the transcript of what it said."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.flyctl.running import find_flyctl
from tests.contract.flyctl.transcript import Transcript


@pytest.fixture(scope="session")
def program() -> Path:
    """The flyctl to run. Without one the tests are skipped, unless somebody named one or requires it."""
    found = find_flyctl()
    if isinstance(found, Path):
        return found
    if os.environ.get("FLYCTL") or "flyctl" in os.environ.get("FLIGHTPLAN_REQUIRE", "").split(","):
        pytest.fail(found)
    pytest.skip(found)


@pytest.fixture(scope="session")
def transcript() -> Iterator[Transcript]:
    """Where stories are written down; kept in the file that FLYCTL_TRANSCRIPT names."""
    kept = Transcript()
    yield kept
    where = os.environ.get("FLYCTL_TRANSCRIPT")
    if where:
        Path(where).write_text(kept.to_markdown(), "utf-8")
