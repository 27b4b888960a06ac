"""flyctl where there is one, and the transcript of what it said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.flyctl.running import Flyctl, find_flyctl
from tests.contract.flyctl.transcript import Transcript
from tests.simulator.thread import run_simulator_here

Start = Callable[..., Flyctl]


@pytest.fixture(scope="session")
def program() -> Path:
    """The flyctl to run. Without one the tests are skipped, unless somebody named one or requires it."""
    found = find_flyctl()
    if isinstance(found, Path):
        return found
    if os.environ.get("FLYCTL") or "flyctl" in os.environ.get("FLIGHTPLAN_REQUIRE", "").split(","):
        pytest.fail(found)
    pytest.skip(found)


@pytest.fixture
def start(program: Path, tmp_path: Path) -> Iterator[Start]:
    """Start a simulator of a fleet, and a flyctl that is told of it. Nothing it did may be against the OpenAPI document."""
    with ExitStack() as stack:
        started: list[Flyctl] = []

        def start(fleet: dict[str, Any], **options: Any) -> Flyctl:
            simulator = stack.enter_context(run_simulator_here(fleet, **({"speed": 50.0} | options)))
            flyctl = Flyctl(program=program, folder=tmp_path, simulator=simulator)
            started.append(flyctl)
            return flyctl

        yield start
        for flyctl in started:
            assert flyctl.simulator.violations() == []


@pytest.fixture(scope="session")
def transcript() -> Iterator[Transcript]:
    """Where stories are written down; kept in the file that FLYCTL_TRANSCRIPT names."""
    kept = Transcript()
    yield kept
    where = os.environ.get("FLYCTL_TRANSCRIPT")
    if where:
        Path(where).write_text(kept.to_markdown(), "utf-8")
