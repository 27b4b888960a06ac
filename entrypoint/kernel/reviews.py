"""Pull requests, comments, statuses and commits as GitHub's API gives them. All text in here is foreign; moments are seconds since 1970."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account by its number: logins can be taken over, numbers cannot."""

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
    """The pull request (or issue) that it stands under."""
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
    """One status of a commit. There may be many of one context: none is ever removed, the newest counts."""

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
    """Of a merged one: merge commit, squashed commit, or the tip of the rebased ones. Of an open one: the test merge."""
    updated_at: int
    commits: int | None
    """How many it brings; None in lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, without its files."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    title: str
    """The message's first line."""
    author: str
    """Login, else the name that git holds."""
    committed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """base...head. `commits` are those of head that base does not contain, oldest first."""

    status: str
    """`ahead`: head contains base. `behind`: base contains head. `identical`, `diverged`."""
    merge_base: str
    commits: tuple[Commit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobState:
    """A file at a commit. `text` is None where it is binary or longer than GitHub shows (512 KiB)."""

    oid: str
    text: str | None


FileStates: TypeAlias = "Mapping[tuple[str, str], BlobState | None]"
"""By (commit, path); None: there is no such file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A branch now."""

    name: str
    sha: str
    is_protected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A pull request in a merge queue, and the commit that its branch would become with everything before it."""

    commit: str | None
    pull: int | None
