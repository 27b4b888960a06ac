"""Pull requests, comments, statuses and commits, as GitHub's API returns them. All texts are foreign; times are seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account. Compare the number: somebody else can take over a login, but not a number."""

    id: int
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment in a pull request's conversation (GitHub: issue comment)."""

    id: int
    node_id: str
    """Its name in the GraphQL API."""
    url: str
    """Where a person reads it."""
    pull: int
    """Number of the pull request (or issue) that it belongs to."""
    body: str
    """Verbatim, hidden HTML comments included."""
    author: str
    """REST login, `github-actions[bot]` for a job's own token; "" where the account is gone."""
    author_id: int | None
    """None where the account is gone."""


class StatusState(StrEnum):
    """What a commit status says; GitHub knows these four."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitStatus:
    """One status of a commit. GitHub never removes one; of several with the same context the newest counts."""

    id: int
    context: str
    state: str
    description: str
    creator_id: int | None
    """None where the account is gone."""
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request, open, closed or merged."""

    number: int
    title: str
    head_sha: str
    head_repository: str
    """owner/name; "" where the fork is gone."""
    base_ref: str
    base_repository: str
    is_open: bool
    merged_at: int | None
    merge_commit_sha: str | None
    """Merged: the merge commit, the squashed commit, or the last of the rebased commits. Open: the test merge."""
    updated_at: int
    commits: int | None
    """The number of its commits; None in lists, which do not tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, without its files."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    title: str
    """The message's first line."""
    author: str
    """Login, else the name in git."""
    committed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """base...head. `commits`: those of head that base does not contain, oldest first. `total`: how many there are."""

    status: str
    """`ahead`: head contains base. `behind`: base contains head. `identical`, `diverged`."""
    merge_base: str
    commits: tuple[Commit, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobState:
    """A file at a commit. `text` is None for a binary file, and for one longer than GitHub returns (512 KiB)."""

    oid: str
    text: str | None


FileStates: TypeAlias = "Mapping[tuple[str, str], BlobState | None]"
"""By (commit, path). None: the file does not exist there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch and its present tip."""

    name: str
    sha: str
    is_protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A pull request in a merge queue. `commit`: what the branch becomes when it and all before it are merged."""

    commit: str | None
    pull: int | None
