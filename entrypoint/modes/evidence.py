"""Post a plan as evidence: the plan comment, and the commit status that confirms it.

A status cannot be removed and GitHub dates it, so our newest one decides. It must confirm our newest plan comment in its current text.
Two jobs may post at once. So each reads the comment and the status after posting, and posts again if they disagree. Only the job that
wrote a comment confirms it, so no job turns another's text into a review.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrypoint.concurrency import gather
from entrypoint.kernel.errors import OutsideError
from entrypoint.kernel.review_errors import GithubError
from entrypoint.kernel.reviews import Comment, CommitStatus, PullRequest, StatusState
from entrypoint.modes.ports import Console, PullRequests
from entrypoint.planning.review.evidence import (
    Description,
    comment_digest,
    format_description,
    parse_description,
)
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.record import Record
from entrypoint.report.marker import parse_plan

_ROUNDS = 4
_LOOKS = (0.0, 1.0, 2.0)
"""Seconds to wait before each look at what was posted. A job that still disagrees at the last look posts again."""
_MOST_FOLDED = 5
"""At most so many older plan comments are minimised in one run. There is more than one only where a job was stopped in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What to post on the pull request. `record` is None where the files have errors."""

    key: ReviewKey
    pull: int
    base: str
    head: str
    body: str
    record: Record | None
    may_merge: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted:
    """What GitHub has: our plan comments of this key, oldest first, and our statuses on the head commit that do not name
    another pull request, newest first."""

    pull: PullRequest
    comments: tuple[Comment, ...]
    statuses: tuple[CommitStatus, ...]

    @property
    def comment(self) -> Comment | None:
        """Our newest plan comment."""
        return self.comments[-1] if self.comments else None

    @property
    def vouched(self) -> Description | None:
        """What our newest status confirms."""
        return parse_description(self.statuses[0].description) if self.statuses else None

    @property
    def agrees(self) -> bool:
        """Whether the newest status confirms the newest comment in its current text."""
        comment, vouched = self.comment, self.vouched
        return (
            comment is not None
            and vouched is not None
            and (vouched.comment, vouched.digest) == (comment.id, comment_digest(comment.body))
        )


async def post_review(github: PullRequests, console: Console, *, review: Review) -> str:
    """Post comment and status. Returns the address of the comment that counts in the end. Raises GithubError, which fails the job: without
    evidence nothing is reviewed."""
    posted = await _look(github, review)
    if _is_over(posted.pull, review, console):
        return posted.comment.url if posted.comment else ""
    if posted.agrees and posted.comment is not None and _says(posted, review):
        return posted.comment.url
    for _ in range(_ROUNDS):
        mine = await _write(github, review, posted)
        for seconds in _LOOKS:
            await github.pause(seconds)
            posted = await _look(github, review)
            if _is_over(posted.pull, review, console):
                return mine.url
            if posted.agrees and posted.comment is not None:
                await _fold_others(github, console, posted)
                return posted.comment.url
            if _is_mine(posted, mine):  # another job's status came last, but the newest comment is ours
                await _vouch(github, review, mine)
    raise OutsideError(
        f"The plan comment on #{review.pull} and its commit status were changed by others while they were posted.",
        hint="Run the job again. Is another workflow posting as the same account?",
    )


def _is_over(pull: PullRequest, review: Review, console: Console) -> bool:
    """Whether this plan came too late: nobody reviews it after the merge, and a newer head commit or another base makes it out of date."""
    if not pull.is_open:
        console.note(
            f"#{review.pull} is closed or merged: its plan comment stays as it is. The job summary has this plan."
        )
    elif pull.head_sha != review.head:
        console.note(
            f"#{review.pull} has a newer commit: that one's job posts the plan. The job summary has this one."
        )
    elif pull.base_ref != review.base:
        console.note(f"#{review.pull} goes into {pull.base_ref} now: that is planned by another job.")
    else:
        return False
    return True


async def _look(github: PullRequests, review: Review) -> _Posted:
    """Read what is posted now."""
    viewer = await github.viewer()
    pulls: list[PullRequest] = []
    found: list[Comment] = []
    statuses: list[CommitStatus] = []

    async def read_pull() -> None:
        pulls.append(await github.pull(review.pull))

    async def read_comments() -> None:
        found.extend(await github.comments(review.pull))

    async def read_statuses() -> None:
        statuses.extend(await github.statuses(review.head))

    await gather([read_pull, read_comments, read_statuses])
    ours = [c for c in found if c.author_id == viewer.id and _has_key(c, review.key)]
    vouching = [
        s
        for s in statuses
        if (s.creator_id, s.context) == (viewer.id, review.key.context) and not _is_of_another(s, review.pull)
    ]
    return _Posted(
        pull=pulls[0],
        comments=tuple(sorted(ours, key=lambda c: c.id)),
        statuses=tuple(sorted(vouching, key=lambda s: (s.created_at, s.id), reverse=True)),
    )


def _is_of_another(status: CommitStatus, pull: int) -> bool:
    """Whether a status names another pull request. Two may have the same head commit, such as a hotfix into main and into a release branch."""
    said = parse_description(status.description)
    return said is not None and said.pull != pull


def _has_key(comment: Comment, key: ReviewKey) -> bool:
    found = parse_plan(comment.body)
    return found is not None and found.key == key


def _says(posted: _Posted, review: Review) -> bool:
    """Whether the posted comment says the same. Compares the records, since the visible text names the run that wrote it."""
    state = StatusState.SUCCESS if review.may_merge else StatusState.FAILURE
    found = parse_plan(posted.comment.body) if posted.comment else None
    if found is None or posted.statuses[0].state != state:
        return False
    wanted = parse_plan(review.body)
    if review.record is None:
        return wanted is not None and (found.records, found.visible) == ((), wanted.visible)
    return found.records == (review.record,)


async def _write(github: PullRequests, review: Review, posted: _Posted) -> Comment:
    """Write the comment, then its status. A comment that was posted for this head commit is never edited: a new one replaces it."""
    old = posted.comment
    vouched_here = {said.comment for s in posted.statuses if (said := parse_description(s.description))}
    if old is not None and old.id not in vouched_here:
        made = await github.edit_comment(old.id, review.body)
    else:
        made = await github.create_comment(review.pull, review.body)
    await _vouch(github, review, made)
    return made


async def _vouch(github: PullRequests, review: Review, comment: Comment) -> None:
    digest = comment_digest(review.body)
    await github.create_status(
        review.head,
        context=review.key.context,
        state=StatusState.SUCCESS if review.may_merge else StatusState.FAILURE,
        description=format_description(
            pull=review.pull, comment=comment.id, digest=digest, may_merge=review.may_merge
        ),
        target_url=comment.url,
    )


def _is_mine(posted: _Posted, mine: Comment) -> bool:
    """Whether the newest comment is the one that this job wrote, unchanged, and no newer status of ours confirms it."""
    newest = posted.comment
    return newest is not None and (newest.id, comment_digest(newest.body)) == (
        mine.id,
        comment_digest(mine.body),
    )


async def _fold_others(github: PullRequests, console: Console, posted: _Posted) -> None:
    """Minimise the plan comments before the newest. A failure does no harm: the older ones prove nothing."""
    others: Sequence[Comment] = posted.comments[:-1][-_MOST_FOLDED:]
    for other in others:
        try:
            await github.minimise_comment(other.node_id)
        except GithubError as error:
            console.warn(f"An older plan comment could not be hidden: {error}")
