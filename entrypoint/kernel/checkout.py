"""The commit that is checked out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """HEAD of the workspace. On a pull request that is usually the test merge: parents are the base's tip and the head."""

    sha: str
    tree: str
    parents: tuple[str, ...]
