"""A pytest plugin: runs the tests that it is given, in that order, and writes down how each ended.

`MUTANTS_TESTS` names a JSON file, a list of node ids (without it, every test runs); `MUTANTS_ENDED` one that becomes
{node id: [passed, seconds]}. The tests must import the code of the checkout that they are in, not what is installed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import entrypoint

ENDED: dict[str, list[float]] = {}


def pytest_sessionstart() -> None:
    if not Path(entrypoint.__file__).is_relative_to(Path.cwd()):
        raise pytest.UsageError(f"{entrypoint.__file__} is not the code of this checkout")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    chosen = os.environ.get("MUTANTS_TESTS")
    if chosen:
        found = {item.nodeid: item for item in items}
        items[:] = [found[name] for name in json.loads(Path(chosen).read_text("utf-8")) if name in found]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    passed, seconds = ENDED.get(report.nodeid, [True, 0.0])
    ENDED[report.nodeid] = [bool(passed and not report.failed), seconds + report.duration]


def pytest_sessionfinish() -> None:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Path(os.environ["MUTANTS_ENDED"]).write_text(json.dumps(ENDED), "utf-8")
