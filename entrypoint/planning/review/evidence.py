"""Evidence of a review: a commit status on the pull request's head commit that confirms a plan comment with its hidden record.

GitHub gives each status a time and a creator, and never changes or removes it. So an edited comment makes the review void (unless the edit
is undone), and comments of others have no effect.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from entrypoint.kernel.ids import Digest
from entrypoint.kernel.reviews import Comment, CommitStatus, PullRequest, StatusState
from entrypoint.planning.review.history import Cause, NoReview
from entrypoint.planning.review.key import ReviewKey
from entrypoint.planning.review.record import Record

MAY_MERGE = "may merge"
BLOCKED = "blocked"
MOST_DESCRIPTION = 140
"""Characters. GitHub accepts no longer description of a status."""
_DESCRIPTION = re.compile(
    r"#([1-9][0-9]{0,9}) comment ([1-9][0-9]{0,18}) sha256:([0-9a-f]{64})(?: [^\r\n]*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The content of a status: pull request, comment, and the digest of the comment's text."""

    pull: int
    comment: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentSeen:
    """A comment as it is now. `records`: the record of each record line in it; None for an unreadable line."""

    comment: Comment
    records: tuple[Record | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A status of ours that was posted before the merge. `said`: its content; None if unreadable."""

    status: CommitStatus
    said: Description | None


def comment_digest(body: str) -> Digest:
    """SHA-256 of the text, with line ends and outer white space normalised, because GitHub may change these."""
    text = body.replace("\r\n", "\n").strip()
    return Digest(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def format_description(*, pull: int, comment: int, digest: Digest, may_merge: bool) -> str:
    """The description of the status that confirms a comment."""
    return f"#{pull} comment {comment} sha256:{digest} {MAY_MERGE if may_merge else BLOCKED}"


def parse_description(text: str) -> Description | None:
    """The content of a description; None for another form. The words at its end are for people."""
    match = _DESCRIPTION.fullmatch(text)
    if match is None:
        return None
    return Description(pull=int(match[1]), comment=int(match[2]), digest=Digest(match[3]))


def candidates(
    pull: PullRequest, *, key: ReviewKey, viewer: int, statuses: Sequence[CommitStatus]
) -> tuple[Candidate, ...]:
    """The statuses that may decide, newest first, without those that name another pull request.

    `read_evidence` needs the comments that they name.
    """
    ours = [s for s in statuses if s.context == key.context and s.creator_id == viewer]
    timely = sorted(
        (s for s in ours if _is_timely(s, pull)), key=lambda s: (s.created_at, s.id), reverse=True
    )
    found = [Candidate(status=status, said=parse_description(status.description)) for status in timely]
    return tuple(c for c in found if c.said is None or c.said.pull == pull.number)


def read_evidence(
    pull: PullRequest,
    *,
    key: ReviewKey,
    viewer: int,
    statuses: Sequence[CommitStatus],
    comments: Mapping[int, CommentSeen],
    expired_before: int | None = None,
) -> Record | NoReview:
    """The review of a pull request that is merged or in a merge queue, or why there is none. Never raises.

    The newest status whose comment belongs to this pull request and base branch decides. A status for another base branch is skipped, but
    only if its comment is unchanged, so that an edit cannot make an older status count. `comments`: those named by `candidates`, as far as
    they exist. `expired_before`: GitHub may have deleted statuses from before this time (seconds since 1970).
    """
    passed_over: NoReview | None = None
    for candidate in candidates(pull, key=key, viewer=viewer, statuses=statuses):
        decided = _decide(candidate, pull=pull, key=key, viewer=viewer, comments=comments)
        if isinstance(decided, NoReview) and decided.cause is Cause.OTHER_BASE:
            passed_over = passed_over or decided
        elif decided is not None:
            return decided
    cause = _why_none(pull, key=key, viewer=viewer, statuses=statuses, before=expired_before)
    is_told_better = passed_over is not None and cause in (Cause.NONE, Cause.OTHER_ACCOUNT)
    return passed_over if passed_over is not None and is_told_better else NoReview(cause=cause)


def _decide(
    candidate: Candidate,
    *,
    pull: PullRequest,
    key: ReviewKey,
    viewer: int,
    comments: Mapping[int, CommentSeen],
) -> Record | NoReview | None:
    """What one status decides. None or OTHER_BASE: it belongs to another pull request or base branch, so the next one decides."""
    said = candidate.said
    if said is None:
        return NoReview(cause=Cause.UNREADABLE_STATUS)
    seen = comments.get(said.comment)
    if seen is None:
        return NoReview(cause=Cause.COMMENT_DELETED)
    if seen.comment.pull != pull.number:
        return None
    if seen.comment.author_id != viewer:
        return NoReview(cause=Cause.COMMENT_NOT_OURS, url=seen.comment.url)
    if comment_digest(seen.comment.body) != said.digest:
        return NoReview(cause=Cause.COMMENT_EDITED, url=seen.comment.url)
    record = seen.records[0] if len(seen.records) == 1 else None
    if record is not None and record.checkout.pull != pull.number:
        return None
    if record is not None and record.checkout.base_branch != pull.base_ref:
        base = record.checkout.base_branch
        return NoReview(cause=Cause.OTHER_BASE, url=seen.comment.url, planned_for=base)
    cause = next(_objections(candidate.status, record, pull=pull, key=key), None)
    if record is None or cause is not None:
        return NoReview(cause=cause or Cause.NO_RECORD, url=seen.comment.url)
    return record


def _objections(
    status: CommitStatus, record: Record | None, *, pull: PullRequest, key: ReviewKey
) -> Iterator[Cause]:
    if status.state != StatusState.SUCCESS or (record is not None and record.blocked):
        yield Cause.FAILURE
    if record is None:
        yield Cause.NO_RECORD
    elif (record.checkout.head, record.key) != (pull.head_sha, key):
        yield Cause.OTHER_REVIEW


def _is_of_another(status: CommitStatus, pull: PullRequest) -> bool:
    """Whether it names another pull request: two may have the same head commit."""
    said = parse_description(status.description)
    return said is not None and said.pull != pull.number


def _is_timely(status: CommitStatus, pull: PullRequest) -> bool:
    """Whether it was posted in the second of the merge or before: auto-merge may merge in the second of the last check."""
    return pull.merged_at is None or status.created_at <= pull.merged_at


def _why_none(
    pull: PullRequest, *, key: ReviewKey, viewer: int, statuses: Sequence[CommitStatus], before: int | None
) -> Cause:
    if before is not None and pull.merged_at is not None and pull.merged_at < before:
        return Cause.EXPIRED
    about = [s for s in statuses if s.context == key.context and not _is_of_another(s, pull)]
    if any(status.creator_id == viewer and not _is_timely(status, pull) for status in about):
        return Cause.LATE
    return Cause.OTHER_ACCOUNT if any(status.creator_id != viewer for status in about) else Cause.NONE
