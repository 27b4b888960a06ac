"""Rule 1 (docs/gate.md): the commits that count, and the review that covers each.

The walk goes from the pushed commit back along first parents. It ends at the first commit that the last green deploy contains, or that was
in the base of a counted review's plan, because that plan has shown it.
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
    """A commit that changes a file which is read, and that no review covers.

    `review`: its pull request, if it has one. `differences`: what it changed, or how it differs from the reviewed head.
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
    """It ended at a commit that was deployed or shown; else the line was not long enough."""


def walk_line(history: History, *, paths: Sequence[PathRead], branches: AbstractSet[str]) -> Walk:
    """The walk. Never raises. `branches`: only pull requests into these count; others may be branches that anybody may push to."""
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
        """Whether it is contained in the last green deploy, or in the base of a counted review."""
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
        """Whether a review covers it as a merge commit, a squashed commit, or the reviewed head itself."""
        covered = False
        for review in self._reviews(commit.sha):
            if isinstance(review.evidence, Record) and not self._otherwise(review, commit, commit):
                self._count(review, commit.sha, review.evidence)
                covered = True
        return covered

    def _covered_by_rebase(self, index: int) -> bool:
        """Whether a review covers it as one of the commits of a rebase merge. These are checked together."""
        for tip, end, review in self._spans(index):
            last = self._line[end - 1]
            if isinstance(review.evidence, Record) and not self._otherwise(review, self._line[tip], last):
                self._count(review, self._line[tip].sha, review.evidence)
                return True
        return False

    def _spans(self, index: int) -> Iterator[tuple[int, int, MergedReview]]:
        """Pull requests whose commits may include this one, as (tip, end, review): their commits are line[tip:end].

        The longest first: a rebase drops commits whose change the branch already has, so there may be fewer than the pull request has. If
        the branch was moved to the reviewed head, there are exactly as many.
        """
        for tip in range(index, -1, -1):
            for review in self._reviews(self._line[tip].sha):
                is_moved = self._line[tip].sha == review.head
                for end in range(self._straight_end(tip, review), max(index, tip + 1), -1):
                    if not is_moved or end - tip == review.commits:
                        yield tip, end, review

    def _straight_end(self, tip: int, review: MergedReview) -> int:
        """The end of the commits with one parent, as a rebase makes them. Only a reviewed head itself may be a merge commit."""
        longest = min(tip + review.commits, len(self._line))
        first = 1 if self._line[tip].sha == review.head else 0
        merges = (i for i in range(tip + first, longest) if len(self._line[i].parents) != 1)
        return next(merges, longest)

    def _otherwise(self, review: MergedReview, tip: LineCommit, last: LineCommit) -> tuple[Difference, ...]:
        """How the commits from `last` to `tip`, taken together, differ from what was reviewed; empty if they do not.

        A merge commit that merges another commit than the reviewed head does not belong to this pull request.
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
        """For a branch that was moved to the reviewed head. If the head contains the commit that it was planned on, the plan was made from
        exactly these files, so it showed everything before.
        """
        inside = _ancestors(head, self._parents)
        if base in inside:
            self._shown |= inside

    def _explain(self, index: int, changes: tuple[Difference, ...]) -> Uncovered:
        """The uncovered commit with its own pull request, else with one whose rebase it may be part of."""
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
    """A commit and all known commits that it contains; empty if the commit itself is not known."""
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
    """Every (commit, path) that the walk may need, each once.

    Which reviews count is not known without the files. So this goes back to the last green deploy, or to the end of the line.
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
