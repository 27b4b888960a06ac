"""What the gate knows about the past: commits, pull requests with their evidence, files, and what is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from entrypoint.fleet.marks import DoneMark
from entrypoint.kernel.reviews import FileStates
from entrypoint.planning.review.record import Record


class Cause(StrEnum):
    """Why a merged pull request has no valid review."""

    NONE = "none"
    """No status of this key on its head commit."""
    EXPIRED = "expired"
    """It was merged longer ago than GitHub keeps statuses."""
    LATE = "late"
    """The only statuses came after the merge."""
    OTHER_ACCOUNT = "other-account"
    """The statuses are by another account than the one that this run uses."""
    FAILURE = "failure"
    """The newest plan said: cannot be deployed."""
    UNREADABLE_STATUS = "unreadable-status"
    """The newest status is not in our form."""
    COMMENT_DELETED = "comment-deleted"
    COMMENT_EDITED = "comment-edited"
    COMMENT_NOT_OURS = "comment-not-ours"
    NO_RECORD = "no-record"
    """The comment has no record, several, or one with a schema that this version does not read."""
    OTHER_REVIEW = "other-review"
    """The record is for another head commit or key."""
    OTHER_BASE = "other-base"
    """The pull request was planned for another base branch, and not since for its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoReview:
    """There is no valid evidence, and why. `url`: of the comment, if there is one."""

    cause: Cause
    url: str = ""
    planned_for: str = ""
    """The other base branch (OTHER_BASE). Foreign text."""


Evidence: TypeAlias = Record | NoReview


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCommit:
    """A commit of the first-parent line that ends at the pushed commit."""

    sha: str
    parents: tuple[str, ...]
    tree: str | None
    title: str = ""
    """First line of its message. Foreign text."""
    author: str = ""
    """Login or name. Foreign text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedReview:
    """A merged pull request whose `merge_commit_sha` is a commit of the line."""

    number: int
    head: str
    base: str
    """The branch it was merged into."""
    merge_base: str | None
    """The merge base of the head and the merge commit's first parent; None if unknown."""
    commits: int
    """How many commits it has. A rebase merge puts so many, or fewer, on the branch."""
    evidence: Evidence
    merged_at: int = 0
    """Seconds since 1970, UTC; 0 in a merge queue."""


class Relation(StrEnum):
    """The relation of a live commit to the commit of this run."""

    SAME = "same"
    CONTAINED = "contained"
    """This run's commit contains it."""
    CONTAINS = "contains"
    """It contains this run's commit: it is newer."""
    DIVERGED = "diverged"
    """Neither contains the other, or the repository no longer has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything that was read for one deploy.

    What was not read never counts as good: a file that is not in `files` counts as changed, and a commit that is not in `graph` as contained
    in nothing (see also `graph_is_since_done`).
    """

    head: str
    """The commit of this run, the first of `line`."""
    line: tuple[LineCommit, ...]
    """The commit and its first parents, newest first, as far back as was read."""
    graph: Mapping[str, tuple[str, ...]]
    """Parents by commit, for every commit that `head` contains and `done` does not. Without a done mark: for those of the line."""
    graph_is_since_done: bool
    """`graph` is complete, so `done` contains every commit that is not in it."""
    done: DoneMark | None
    """The newest done mark of this key."""
    pulls: Mapping[str, tuple[MergedReview, ...]] = field(default_factory=dict)
    """Merged pull requests, by merge commit."""
    files: FileStates = field(default_factory=dict)
    """Files by commit and path: at each commit that counts, its first parent, and its pull request's head and merge base."""
    written: Mapping[str, Relation] = field(default_factory=dict)
    """The newest commits written under this key (`fleet.marks.newest_commits`)."""

    @property
    def tree(self) -> str | None:
        """The tree of the pushed commit."""
        return self.line[0].tree if self.line and self.line[0].sha == self.head else None
