"""What git holds: the layout that a newcomer expects at the top, and no links, which point into one machine."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP = frozenset(
    {
        ".ci",
        ".dockerignore",
        ".editorconfig",
        ".github",
        ".gitignore",
        ".pre-commit-hooks.yaml",
        "CHANGELOG.md",
        "Dockerfile",
        "LICENSE",
        "Makefile",
        "README.md",
        "action.yml",
        "docs",
        "entrypoint",
        "examples",
        "pyproject.toml",
        "requirements-build.txt",
        "requirements-dev.txt",
        "requirements.txt",
        "setup.py",
        "tests",
    }
)
LINK = "120000"


@cache
def tracked() -> dict[str, str]:
    """The mode of each tracked file, by path."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no checkout of git")
    told = subprocess.run(
        [git, "-C", str(ROOT), "-c", f"safe.directory={ROOT}", "ls-files", "--stage", "-z"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (row.partition("\t") for row in told.stdout.split("\0") if row)
    return {path: info.split()[0] for info, _, path in rows}


def test_the_top_holds_what_the_layout_names__and_nothing_else() -> None:
    assert {path.partition("/")[0] for path in tracked()} == TOP


def test_nothing_is_a_link() -> None:
    assert [path for path, mode in tracked().items() if mode == LINK] == []
