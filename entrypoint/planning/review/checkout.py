"""The commit that a plan is of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What was planned: a pull request's test merge, or a commit. `tree` and `base_sha` are None where they cannot be told."""

    pull: int | None
    base_branch: str
    base_sha: str | None
    """The first parent of the checked-out test merge: what the plan was made on."""
    head: str
    tree: str | None
