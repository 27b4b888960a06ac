"""The commit that is checked out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """HEAD of the workspace. On a pull request it is usually the test merge, whose parents are the tip of the base branch and the head."""

    sha: str
    tree: str
    parents: tuple[str, ...]
