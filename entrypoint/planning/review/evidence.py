"""Evidence: a commit status on a pull request's head commit that confirms a plan comment, hidden record included.

GitHub dates statuses, names their creator and appends only. So any edit of the comment makes the review void, an edit that is undone does
not, and comments of others have no effect.
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
"""Characters of a status description that GitHub takes."""
_DESCRIPTION = re.compile(
    r"#([1-9][0-9]{0,9}) comment ([1-9][0-9]{0,18}) sha256:([0-9a-f]{64})(?: [^\r\n]*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What a status says: of which pull request, which comment, and the digest of that comment's text."""

    pull: int
    comment: int
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentSeen:
    """A comment as it is now. `records`: every record line in it, read; None for one that cannot be read."""

    comment: Comment
    records: tuple[Record | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A status of ours that came in time, and what it says."""

    status: CommitStatus
    said: Description | None


def comment_digest(body: str) -> Digest:
    """SHA-256 of the whole text; GitHub may turn line ends around and trims the ends."""
    text = body.replace("\r\n", "\n").strip()
    return Digest(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def format_description(*, pull: int, comment: int, digest: Digest, may_merge: bool) -> str:
    """The description of the status that confirms a comment."""
    return f"#{pull} comment {comment} sha256:{digest} {MAY_MERGE if may_merge else BLOCKED}"


def parse_description(text: str) -> Description | None:
    """What a description says, or None. The words at its end are for people."""
    match = _DESCRIPTION.fullmatch(text)
    if match is None:
        return None
    return Description(pull=int(match[1]), comment=int(match[2]), digest=Digest(match[3]))


def candidates(
    pull: PullRequest, *, key: ReviewKey, viewer: int, statuses: Sequence[CommitStatus]
) -> tuple[Candidate, ...]:
    """Statuses that may decide, the newest first; those that name another pull request are left out.

    The comments that they name are what `read_evidence` needs.
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
    """The review of a merged pull request (of one that waits in a merge queue, too), or why there is none. Total.

    The newest status whose comment belongs to this pull request and base branch decides; those of another base branch are passed
    over, if their comment is still as it was posted: an edit must not bring an older status back. `comments` holds those that
    `candidates` name and that exist. `expired_before`: statuses of that time (seconds since 1970) may be gone.
    """
    for candidate in candidates(pull, key=key, viewer=viewer, statuses=statuses):
        decided = _decide(candidate, pull=pull, key=key, viewer=viewer, comments=comments)
        if decided is not None:
            return decided
    return NoReview(cause=_why_none(pull, key=key, viewer=viewer, statuses=statuses, before=expired_before))


def _decide(
    candidate: Candidate,
    *,
    pull: PullRequest,
    key: ReviewKey,
    viewer: int,
    comments: Mapping[int, CommentSeen],
) -> Record | NoReview | None:
    """None: the status is of another pull request or base branch, the next one is asked."""
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
    if record is not None and (record.checkout.pull, record.checkout.base_branch) != (
        pull.number,
        pull.base_ref,
    ):
        return None
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


def _is_timely(status: CommitStatus, pull: PullRequest) -> bool:
    """Not after the merge, in whole seconds: auto-merge merges in the second of the last check. An open one has time."""
    return pull.merged_at is None or status.created_at <= pull.merged_at


def _why_none(
    pull: PullRequest, *, key: ReviewKey, viewer: int, statuses: Sequence[CommitStatus], before: int | None
) -> Cause:
    if before is not None and pull.merged_at is not None and pull.merged_at < before:
        return Cause.EXPIRED
    about = [status for status in statuses if status.context == key.context]
    if any(status.creator_id == viewer and not _is_timely(status, pull) for status in about):
        return Cause.LATE
    return Cause.OTHER_ACCOUNT if any(status.creator_id != viewer for status in about) else Cause.NONE
