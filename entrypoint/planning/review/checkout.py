"""The commit that a plan was made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What was planned: the test merge of a pull request, or a commit. `tree` and `base_sha` are None if unknown."""

    pull: int | None
    base_branch: str
    base_sha: str | None
    """The first parent of the checked-out test merge: the tip of the base branch when the plan was made."""
    head: str
    tree: str | None
