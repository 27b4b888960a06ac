"""Read the reviews of merged pull requests: for each its statuses, the comment that they confirm, and its merge base."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from entrypoint.concurrency import both, gather
from entrypoint.kernel.review_errors import NotFound
from entrypoint.kernel.reviews import Comparison
from entrypoint.kernel.run import RunContext
from entrypoint.modes.merged import MergedAs
from entrypoint.modes.ports import GitHub
from entrypoint.planning.review.evidence import CommentSeen, candidates, read_evidence
from entrypoint.planning.review.history import Evidence, LineCommit, MergedReview
from entrypoint.planning.review.key import ReviewKey
from entrypoint.report.marker import parse_plan

_AT_ONCE = 6
_MOST_COMMENTS = 10
_DAY = 86_400


async def read_reviews(
    github: GitHub, run: RunContext, merged: Sequence[MergedAs], *, line: Sequence[LineCommit], key: ReviewKey
) -> tuple[MergedReview, ...]:
    """One review for each of `merged`. `line` holds commits of the branch, among them those that they became."""
    parents = {commit.sha: commit.parents for commit in line}
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

    return await gather([partial(read, found) for found in merged], at_once=_AT_ONCE)


async def _compare(github: GitHub, base: str | None, head: str) -> Comparison | None:
    try:
        return None if base is None else await github.compare(base, head)
    except NotFound:
        return None


async def _read_evidence(
    github: GitHub, run: RunContext, found: MergedAs, *, key: ReviewKey, viewer: int
) -> Evidence:
    """The statuses and the comments that they name. That is usually one comment, since a comment for the same head commit is not edited."""
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
