"""The three rows of docs/comparison.md that give times: written with the page that they are from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from tests.benchmarks.rollouts.cases import Case
from tests.benchmarks.rollouts.figures import Figures

PAGE = Path(__file__).resolve().parents[3] / "docs" / "comparison.md"
ROWS = {
    "| a rolling deploy to 10 machines": Case(machines=10),
    "| the same to 200 machines": Case(machines=200),
    "| `immediate` to 10 machines": Case(machines=10, strategy="immediate"),
}
"""By how a row begins, the case that it is about."""
_TIME = re.compile(r"\d+\.\d s")


def replace_times(text: str, real: Sequence[Figures]) -> str:
    """The page with the times of these deploys, ours before flyctl's; a row of which not both were measured stays."""
    return "\n".join(_replaced(line, real) for line in text.split("\n"))


def _replaced(line: str, real: Sequence[Figures]) -> str:
    about = next((case for begin, case in ROWS.items() if line.startswith(begin)), None)
    walls = [one.wall for one in real if one.case == about]
    if len(walls) != 2:
        return line
    times = chain(walls)
    return _TIME.sub(lambda _: f"{next(times):.1f} s", line)
