"""Post on the pull request how a deploy ended. It is a new comment, so that people are notified; a re-run edits it."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.review_errors import GithubError
from entrypoint.modes.ports import Console, PullRequests
from entrypoint.planning.review.key import ReviewKey
from entrypoint.report.marker import frame_outcome, is_outcome


async def post_outcome(
    github: PullRequests,
    console: Console,
    *,
    pulls: Sequence[int],
    key: ReviewKey,
    run_id: str,
    text: str,
    what: str = "deploy",
) -> str:
    """Post it on each of `pulls`; returns the address of the last comment. A failure here does not fail the run, since the summary says it too.
    `what` ended, for the log.
    """
    body, url = frame_outcome(key, run_id, text), ""
    for pull in pulls:
        try:
            url = await _post(github, pull, key=key, run_id=run_id, body=body)
        except GithubError as error:
            console.warn(
                f"#{pull} got no comment on how the {what} ended; the job summary has it. {error} {error.hint}"
            )
        else:
            console.note(f"#{pull}: how the {what} ended is at {url}")
    return url


async def _post(github: PullRequests, pull: int, *, key: ReviewKey, run_id: str, body: str) -> str:
    viewer = await github.viewer()
    comments = await github.comments(pull)
    own = [c for c in comments if c.author_id == viewer.id and is_outcome(c.body, key, run_id)]
    made = await (github.edit_comment(own[-1].id, body) if own else github.create_comment(pull, body))
    return made.url
