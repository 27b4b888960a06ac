"""Rule 1: the commits that count, and who covers each (product.md, "Reviewed").

From the pushed commit backwards along its first parents, to the first commit that the last green deploy contains, or that the base
contains on which a counted review was planned: its plan showed that already.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from entrypoint.planning.review.files import Difference, PathRead, brought_otherwise, changed, file_at
from entrypoint.planning.review.history import History, LineCommit, MergedReview, NoReview
from entrypoint.planning.review.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A valid review of a pull request that brought `commit`."""

    pull: int
    commit: str
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncovered:
    """A commit that changes what is read, and that no review covers.

    `review` is its pull request, if it has one; `differences` what it changed, or what it holds other than the reviewed head.
    """

    commit: LineCommit
    review: MergedReview | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The commits that count, newest first."""

    commits: tuple[LineCommit, ...]
    counted: tuple[Counted, ...]
    """Reviews whose commits bring only what was reviewed, newest first."""
    reviewed: tuple[Counted, ...]
    """All valid reviews of these commits."""
    uncovered: tuple[Uncovered, ...]
    is_bounded: bool
    """It ended at something known to be deployed or shown."""


def walk_line(history: History, *, paths: Sequence[PathRead], branches: AbstractSet[str]) -> Walk:
    """Total. `branches`: pull requests into these count; one into a branch that anybody may push to proves nothing."""
    return _Walk(history, paths=paths, branches=branches).go()


def is_since_done(history: History, commit: str) -> bool:
    """Whether a commit is known not to be contained in the last green deploy."""
    return history.done is not None and history.graph_is_since_done and commit in history.graph


class _Walk:
    def __init__(self, history: History, *, paths: Sequence[PathRead], branches: AbstractSet[str]) -> None:
        self._history = history
        self._line = history.line
        self._paths = paths
        self._branches = branches
        self._parents = {**history.graph, **{commit.sha: commit.parents for commit in history.line}}
        self._shown: set[str] = set()
        self._counted: dict[tuple[int, str], Counted] = {}

    def go(self) -> Walk:
        commits: list[LineCommit] = []
        uncovered: list[Uncovered] = []
        is_bounded = False
        for index, commit in enumerate(self._line):
            if self._is_known(commit.sha):
                is_bounded = True
                break
            commits.append(commit)
            changes = self._changes(commit)
            if not self._covers_itself(commit) and changes and not self._covered_by_rebase(index):
                uncovered.append(self._explain(index, changes))
        shas = {commit.sha for commit in commits}
        reviewed = tuple(
            _counted(review, commit.sha, review.evidence)
            for commit in commits
            for review in self._reviews(commit.sha)
            if isinstance(review.evidence, Record)
        )
        return Walk(
            commits=tuple(commits),
            counted=tuple(c for c in reviewed if (c.pull, c.commit) in self._counted and c.commit in shas),
            reviewed=reviewed,
            uncovered=tuple(uncovered),
            is_bounded=is_bounded,
        )

    def _is_known(self, sha: str) -> bool:
        """Contained in the last green deploy, or in the base of a counted review."""
        done = self._history.done
        if sha in self._shown or (done is not None and sha == done.commit):
            return True
        return done is not None and self._history.graph_is_since_done and sha not in self._history.graph

    def _reviews(self, sha: str) -> tuple[MergedReview, ...]:
        return tuple(review for review in self._history.pulls.get(sha, ()) if review.base in self._branches)

    def _changes(self, commit: LineCommit) -> tuple[Difference, ...]:
        files, parent = self._history.files, _first_parent(commit)
        found = (
            changed(
                read,
                before=file_at(files, parent, read.path) if parent else None,
                after=file_at(files, commit.sha, read.path),
            )
            for read in self._paths
        )
        return tuple(difference for difference in found if difference)

    def _covers_itself(self, commit: LineCommit) -> bool:
        """By a merge commit, a squash, or the reviewed head itself."""
        covered = False
        for review in self._reviews(commit.sha):
            if isinstance(review.evidence, Record) and not self._otherwise(review, commit, commit):
                self._count(review, commit.sha, review.evidence)
                covered = True
        return covered

    def _covered_by_rebase(self, index: int) -> bool:
        """As one of the commits that a rebase merge put on the branch: they are checked as one."""
        for tip, end, review in self._spans(index):
            last = self._line[end - 1]
            if isinstance(review.evidence, Record) and not self._otherwise(review, self._line[tip], last):
                self._count(review, self._line[tip].sha, review.evidence)
                return True
        return False

    def _spans(self, index: int) -> Iterator[tuple[int, int, MergedReview]]:
        """Pull requests of several commits of which this may be one: from their tip to before `end` in the line, and they themselves.

        The longest first: a rebase drops commits whose change the branch has already, so fewer may have come.
        Where the branch was moved to the reviewed head, all did.
        """
        for tip in range(index, -1, -1):
            for review in self._reviews(self._line[tip].sha):
                is_moved = self._line[tip].sha == review.head
                for end in range(self._straight_end(tip, review), max(index, tip + 1), -1):
                    if not is_moved or end - tip == review.commits:
                        yield tip, end, review

    def _straight_end(self, tip: int, review: MergedReview) -> int:
        """A rebase puts commits with one parent each; where the branch was moved to the reviewed head, that may be a merge."""
        longest = min(tip + review.commits, len(self._line))
        first = 1 if self._line[tip].sha == review.head else 0
        merges = (i for i in range(tip + first, longest) if len(self._line[i].parents) != 1)
        return next(merges, longest)

    def _otherwise(self, review: MergedReview, tip: LineCommit, last: LineCommit) -> tuple[Difference, ...]:
        """What the commits from `last` up to `tip`, taken as one, hold other than the reviewed head; empty where nothing.

        A merge commit whose other parent is another commit is not this pull request's.
        """
        if tip.sha == review.head:
            return ()
        parent = _first_parent(last)
        whole = tuple(Difference(path=read.path, fields=(), line=None) for read in self._paths)
        if parent is None or (len(tip.parents) > 1 and review.head not in tip.parents[1:]):
            return whole
        files = self._history.files
        found = (
            brought_otherwise(
                read,
                parent=file_at(files, parent, read.path),
                head=file_at(files, review.head, read.path),
                base=file_at(files, review.merge_base, read.path),
                now=file_at(files, tip.sha, read.path),
            )
            for read in self._paths
        )
        return tuple(difference for difference in found if difference)

    def _count(self, review: MergedReview, commit: str, record: Record) -> None:
        self._counted[review.number, commit] = _counted(review, commit, record)
        base = record.checkout.base_sha
        if base is not None:
            self._shown |= _ancestors(base, self._parents)
        if commit == review.head:
            self._show_all_of(commit, base)

    def _show_all_of(self, head: str, base: str | None) -> None:
        """The branch was moved to the reviewed head itself. If that contains what it was planned on, the plan was of these very files:
        it showed all that came before."""
        inside = _ancestors(head, self._parents)
        if base in inside:
            self._shown |= inside

    def _explain(self, index: int, changes: tuple[Difference, ...]) -> Uncovered:
        """Its own pull request, else one whose rebase it may be part of."""
        commit = self._line[index]
        for review in self._reviews(commit.sha):
            if isinstance(review.evidence, NoReview):
                return Uncovered(commit=commit, review=review, differences=changes)
            differences = self._otherwise(review, commit, commit)
            return Uncovered(commit=commit, review=review, differences=differences or changes)
        for tip, end, review in self._spans(index):
            if end - tip == review.commits:
                return Uncovered(commit=commit, review=review, differences=changes)
        return Uncovered(commit=commit, review=None, differences=changes)


def _counted(review: MergedReview, commit: str, record: Record) -> Counted:
    return Counted(pull=review.number, commit=commit, record=record)


def _first_parent(commit: LineCommit) -> str | None:
    return commit.parents[0] if commit.parents else None


def _ancestors(sha: str, parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """A commit and all that it contains, as far as is known; nothing where the commit itself is not."""
    found: set[str] = set()
    left = [sha] if sha in parents else []
    while left:
        commit = left.pop()
        if commit not in found:
            found.add(commit)
            left.extend(parents.get(commit, ()))
    return found


def wanted_files(
    history: History, *, paths: Sequence[PathRead], branches: AbstractSet[str]
) -> tuple[tuple[str, str], ...]:
    """Every (commit, path) that the walk may ask for, once each.

    Without the files it cannot be told which reviews count, so this goes back to the last green deploy, or to the line's end.
    """
    found: dict[tuple[str, str], None] = {}
    for commit in history.line:
        known = history.done is not None and history.graph_is_since_done and commit.sha not in history.graph
        if known or (history.done is not None and commit.sha == history.done.commit):
            break
        reviews = [
            r
            for r in history.pulls.get(commit.sha, ())
            if r.base in branches and isinstance(r.evidence, Record)
        ]
        sides = [commit.sha, _first_parent(commit)]
        sides += [sha for review in reviews for sha in (review.head, review.merge_base)]
        found |= {(sha, read.path): None for sha in sides if sha for read in paths}
    return tuple(found)
