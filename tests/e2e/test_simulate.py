"""`make simulate` as it is typed: workers of their own, a seed told again."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough
ROOT = Path(__file__).resolve().parents[2]


def simulate(*options: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.simulate", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("workers", ["1", "2"])
def test_schedules_are_played_until_the_time_is_over(workers: str) -> None:
    told = simulate("--minutes", "0.02", "--seed", "7", "--workers", workers)
    assert re.search(r"^[1-9]\d* schedules at the ports .*; 0 broke something$", told, re.MULTILINE)


def test_one_seed_is_told_again() -> None:
    assert "run 92: nothing-to-do" in simulate("--seed", "7", "--only")
