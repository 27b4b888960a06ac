"""Read from GitHub what the gate must know of the past: commits, merged pull requests, their evidence, files.

An ordinary push costs eight requests or nine: the viewer, the commits since the last green deploy, the pull requests closed lately;
of each merged one its statuses, its comment and its merge base; the files, in one query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from entrypoint.concurrency import both, gather
from entrypoint.fleet.marks import newest_commits, newest_done
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.review_errors import NotFound
from entrypoint.kernel.reviews import Commit, Comparison
from entrypoint.kernel.run import RunContext
from entrypoint.modes.merged import MergedAs, in_queue, merged_lately
from entrypoint.modes.ports import GitHub
from entrypoint.planning.review.evidence import CommentSeen, candidates, read_evidence
from entrypoint.planning.review.files import PathRead
from entrypoint.planning.review.history import (
    Evidence,
    History,
    LineCommit,
    MergedReview,
    Relation,
)
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.line import wanted_files
from entrypoint.report.marker import parse_plan

_PAGES = 5
"""Of 100 commits, where no green deploy is known: a first deploy, or marks that were lost."""
_AT_ONCE = 6
_MOST_COMMENTS = 10
_DAY = 86_400
_RELATIONS = {
    "identical": Relation.SAME,
    "ahead": Relation.CONTAINED,
    "behind": Relation.CONTAINS,
    "diverged": Relation.DIVERGED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Commits as they were read."""

    line: tuple[LineCommit, ...]
    graph: Mapping[str, tuple[str, ...]]
    is_since_done: bool
    oldest: int
    """When the oldest commit of the line was made, in seconds since 1970."""

    @property
    def counting(self) -> frozenset[str]:
        """Commits of the line that the last green deploy does not contain."""
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
    past = await _past(github, run.sha, compared.get(done.commit) if done else None)
    merged = await merged_lately(github, run, shas=past.counting, since=past.oldest, branches=branches)
    if run.event == "merge_group":  # on top of what is merged, and perhaps not live yet
        merged = (*merged, *await in_queue(github, run))
    pulls = await _read_reviews(github, run, merged, past=past, key=key)
    history = History(
        head=run.sha,
        line=past.line,
        graph=past.graph,
        graph_is_since_done=past.is_since_done,
        done=done,
        pulls=pulls,
        written={sha: _relation(sha, run.sha, compared) for sha in live},
    )
    return await _with_files(github, history, paths=paths, branches=branches)


async def _compare_all(github: GitHub, head: str, bases: set[str]) -> dict[str, Comparison]:
    """base...head for each. One that the repository does not have any more (a force push) is left out."""
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


async def _past(github: GitHub, head: str, since_done: Comparison | None) -> _Past:
    """The commits since the last green deploy, or the last ones where none is known (any more)."""
    if since_done is not None:
        commits, is_since_done = since_done.commits, True
    else:
        commits, is_since_done = await github.history(head, pages=_PAGES), False
    known = {commit.sha: commit for commit in commits}
    if head not in known:  # the last green deploy's own commit, or one that it contains
        known[head] = await github.commit(head)
    line = tuple(_line(head, known))
    return _Past(
        line=line,
        graph={commit.sha: commit.parents for commit in commits},
        is_since_done=is_since_done,
        oldest=min(known[commit.sha].committed_at for commit in line if commit.sha in known),
    )


def _line(head: str, known: Mapping[str, Commit]) -> list[LineCommit]:
    """First parents, as far as they are known, and the first one that is not: the walk ends there."""
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


async def _read_reviews(
    github: GitHub, run: RunContext, merged: Sequence[MergedAs], *, past: _Past, key: ReviewKey
) -> dict[str, tuple[MergedReview, ...]]:
    parents = {commit.sha: commit.parents for commit in past.line}
    viewer = (await github.viewer()).id if merged else 0

    async def read(found: MergedAs) -> MergedReview:
        before = next(iter(parents.get(found.commit, ())), None)
        evidence, comparison = await both(
            lambda: _read_evidence(github, run, found, key=key, viewer=viewer),
            lambda: _compare(github, before, found.pull.head_sha),
        )
        return MergedReview(
            number=found.pull.number,
            head=found.pull.head_sha,
            base=found.pull.base_ref,
            merge_base=comparison.merge_base if comparison else None,
            commits=sum(len(commit.parents) < 2 for commit in comparison.commits) if comparison else 0,
            evidence=evidence,
            merged_at=found.pull.merged_at or 0,
        )

    reviews = await gather([partial(read, found) for found in merged], at_once=_AT_ONCE)
    by_commit: dict[str, tuple[MergedReview, ...]] = {}
    for found, review in zip(merged, reviews, strict=True):
        by_commit[found.commit] = (*by_commit.get(found.commit, ()), review)
    return by_commit


async def _compare(github: GitHub, base: str | None, head: str) -> Comparison | None:
    try:
        return None if base is None else await github.compare(base, head)
    except NotFound:
        return None


async def _read_evidence(
    github: GitHub, run: RunContext, found: MergedAs, *, key: ReviewKey, viewer: int
) -> Evidence:
    """Usually one comment is named: one that was posted for this head commit is not rewritten."""
    pull = found.pull
    statuses = await github.statuses(pull.head_sha)
    named = [c.said.comment for c in candidates(pull, key=key, viewer=viewer, statuses=statuses) if c.said]
    comments: dict[int, CommentSeen] = {}

    async def read(comment: int) -> None:
        try:
            seen = await github.comment(comment)
        except NotFound:
            return
        framed = parse_plan(seen.body)
        comments[comment] = CommentSeen(comment=seen, records=framed.records if framed else ())

    await gather([partial(read, number) for number in list(dict.fromkeys(named))[:_MOST_COMMENTS]])
    return read_evidence(
        pull,
        key=key,
        viewer=viewer,
        statuses=statuses,
        comments=comments,
        expired_before=None if run.retention_days is None else run.started_at - run.retention_days * _DAY,
    )


async def _with_files(
    github: GitHub, history: History, *, paths: Sequence[PathRead], branches: frozenset[str]
) -> History:
    wanted = wanted_files(history, paths=paths, branches=branches)
    return replace(history, files=await github.file_states(wanted)) if wanted else history
