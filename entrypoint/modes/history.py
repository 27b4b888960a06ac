"""Read from GitHub what the gate must know about the past: commits, merged pull requests, their evidence, files.

An ordinary push costs eight or nine requests: the viewer, the commits since the last green deploy, the pull requests closed lately;
for each merged one its statuses, its comment and its merge base; the files, in one query. Where no green deploy is known, the commit on
which a review was planned limits how far back to look. So reviews are read from the newest until one sets that limit: GitHub grants a
job 1,000 requests an hour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from entrypoint.concurrency import gather
from entrypoint.fleet.marks import DoneMark, newest_commits, newest_done
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.review_errors import NotFound
from entrypoint.kernel.reviews import Commit, Comparison
from entrypoint.kernel.run import RunContext
from entrypoint.modes.merged import MergedAs, in_queue, merged_lately
from entrypoint.modes.ports import GitHub
from entrypoint.modes.reviews import read_reviews
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.history import (
    History,
    LineCommit,
    MergedReview,
    Relation,
)
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.line import walk_line, wanted_files

_PAGES = 5
"""Pages of 100 commits, where no green deploy is known: a first deploy, or marks that were lost."""
_BATCH = 5
"""Reviews that are read at once, before a look at whether one limits the past."""
_MOST_REVIEWS = 30
"""Reviews read where no green deploy is known, with three requests each."""
_AT_ONCE = 6
_RELATIONS = {
    "identical": Relation.SAME,
    "ahead": Relation.CONTAINED,
    "behind": Relation.CONTAINS,
    "diverged": Relation.DIVERGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """The commits that were read."""

    line: tuple[LineCommit, ...]
    graph: Mapping[str, tuple[str, ...]]
    oldest: int
    """When the oldest commit of the line was made, in seconds since 1970."""

    @property
    def counting(self) -> frozenset[str]:
        """Commits of the branch that the last green deploy does not contain."""
        return frozenset(commit.sha for commit in self.line if commit.sha in self.graph)


async def read_history(
    github: GitHub,
    run: RunContext,
    *,
    fleet: Fleet,
    key: ReviewKey,
    paths: Sequence[PathRead],
    branches: frozenset[str],
) -> History:
    """Everything about the commit of this run. `branches`: pull requests into these count. Raises GithubError."""
    done = newest_done(fleet.machines, key=key.hash)
    live = newest_commits(fleet.machines, key=key.hash)
    compared = await _compare_all(github, run.sha, {*live, *({done.commit} if done else ())})
    commits = _since(done, run.sha, compared)
    reader = _Reader(github=github, run=run, key=key, paths=paths, branches=branches)
    history = History(
        head=run.sha,
        line=(),
        graph={},
        graph_is_since_done=commits is not None,
        done=done,
        written={sha: _relation(sha, run.sha, compared) for sha in live},
    )
    if commits is not None:
        return await reader.since_done(history, commits)
    return await reader.backwards(history)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What one run asks GitHub."""

    github: GitHub
    run: RunContext
    key: ReviewKey
    paths: Sequence[PathRead]
    branches: frozenset[str]

    async def since_done(self, history: History, commits: Sequence[Commit]) -> History:
        """The history since the last green deploy."""
        past = await self._past(commits)
        merged = await self._merged(past)
        pulls = _by_commit(merged, await self._reviews(merged, past))
        return await self._with_files(replace(history, line=past.line, graph=past.graph, pulls=pulls))

    async def backwards(self, history: History) -> History:
        """The history without a green deploy: reads reviews from the newest to one that limits the past, at most _MOST_REVIEWS. The
        commits end at the first whose review was not read."""
        merged: list[MergedAs] = []
        reviews: list[MergedReview] = []
        for pages in (1, _PAGES):
            commits = await self.github.history(self.run.sha, pages=pages)
            past = await self._past(commits)
            places = {commit.sha: place for place, commit in enumerate(past.line)}
            found = [one for one in await self._merged(past) if one.commit in places]
            left = [one for one in found if one not in merged]
            left.sort(key=lambda one: places[one.commit])
            while True:
                batch = left[: min(_BATCH, _MOST_REVIEWS - len(reviews))]
                left = left[len(batch) :]
                merged += batch
                reviews += await self._reviews(batch, past)
                end = places[left[0].commit] + 1 if left else len(past.line)
                pulls = _by_commit(merged, reviews)
                history = replace(history, line=past.line[:end], graph=past.graph, pulls=pulls)
                history = await self._with_files(history)
                if self._is_bounded(history) or len(reviews) >= _MOST_REVIEWS:
                    return history
                if not left:
                    break
            if len(commits) < pages * 100:
                break
        return history

    def _is_bounded(self, history: History) -> bool:
        return walk_line(history, paths=self.paths, branches=self.branches).is_bounded

    async def _past(self, commits: Sequence[Commit]) -> _Past:
        head = self.run.sha
        known = {commit.sha: commit for commit in commits}
        if head not in known:  # the commit of the last green deploy, or one that it contains
            known[head] = await self.github.commit(head)
        line = tuple(_line(head, known))
        return _Past(
            line=line,
            graph={commit.sha: commit.parents for commit in commits},
            oldest=min(known[commit.sha].committed_at for commit in line if commit.sha in known),
        )

    async def _merged(self, past: _Past) -> tuple[MergedAs, ...]:
        merged = await merged_lately(
            self.github, self.run, shas=past.counting, since=past.oldest, branches=self.branches
        )
        if self.run.event != "merge_group":
            return merged
        return (
            *merged,
            *await in_queue(self.github, self.run),
        )  # merged, and perhaps not live yet

    async def _reviews(self, merged: Sequence[MergedAs], past: _Past) -> tuple[MergedReview, ...]:
        return await read_reviews(self.github, self.run, merged, line=past.line, key=self.key)

    async def _with_files(self, history: History) -> History:
        """Add the files of the history. Those that it has are not read again."""
        wanted = wanted_files(history, paths=self.paths, branches=self.branches)
        new = [file for file in wanted if file not in history.files]
        return (
            replace(history, files={**history.files, **await self.github.file_states(new)})
            if new
            else history
        )


def _by_commit(
    merged: Sequence[MergedAs], reviews: Sequence[MergedReview]
) -> dict[str, tuple[MergedReview, ...]]:
    found: dict[str, tuple[MergedReview, ...]] = {}
    for one, review in zip(merged, reviews, strict=True):
        found[one.commit] = (*found.get(one.commit, ()), review)
    return found


def _since(done: DoneMark | None, head: str, compared: Mapping[str, Comparison]) -> tuple[Commit, ...] | None:
    """The commits since the last green deploy; None where no green deploy is known, or GitHub no longer has its commit."""
    if done is None:
        return None
    if done.commit == head:
        return ()
    return compared[done.commit].commits if done.commit in compared else None


async def _compare_all(github: GitHub, head: str, bases: set[str]) -> dict[str, Comparison]:
    """Compare each base with `head`. A commit that the repository no longer has, after a force push, is left out."""
    found: dict[str, Comparison] = {}

    async def compare(base: str) -> None:
        try:
            found[base] = await github.compare(base, head)
        except NotFound:
            return

    await gather([partial(compare, base) for base in sorted(bases - {head})], at_once=_AT_ONCE)
    return found


def _relation(commit: str, head: str, compared: Mapping[str, Comparison]) -> Relation:
    if commit == head:
        return Relation.SAME
    return (
        _RELATIONS.get(compared[commit].status, Relation.DIVERGED)
        if commit in compared
        else Relation.DIVERGED
    )


def _line(head: str, known: Mapping[str, Commit]) -> list[LineCommit]:
    """The first parents as far as they are known, and the first unknown one, where the walk ends."""
    line: list[LineCommit] = []
    sha: str | None = head
    while sha is not None:
        commit = known.get(sha)
        if commit is None:
            line.append(LineCommit(sha=sha, parents=(), tree=None))
            break
        line.append(
            LineCommit(
                sha=sha, parents=commit.parents, tree=commit.tree, title=commit.title, author=commit.author
            )
        )
        sha = commit.parents[0] if commit.parents else None
    return line
