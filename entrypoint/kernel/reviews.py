"""What the review of a pull request consists of, as far as the gate needs it. All text in here is foreign."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment in a pull request's conversation (GitHub: issue comment)."""

    id: int
    node_id: str
    """Its name in the GraphQL API."""
    url: str
    """Where a person reads it."""
    body: str
    """Verbatim, hidden HTML comments included."""
    author: str
    """REST login, `github-actions[bot]` for a job's own token; "" where the account is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who stands behind a comment's text."""

    viewer_did_author: bool
    """Written by the account our token speaks for."""
    edited_by_other: bool
    """The last edit was made by somebody other than the author."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedPull:
    """A merged pull request that brought a commit to a branch."""

    number: int
    merge_commit_sha: str | None
    """Merge commit, squashed commit, or the tip of the rebased ones. None while GitHub has not written it down."""
    base_ref: str
    head_sha: str
