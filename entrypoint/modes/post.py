"""Keep the one plan comment of a pull request."""

from __future__ import annotations

from dataclasses import dataclass

from entrypoint.kernel.review_errors import GithubError, MayNot
from entrypoint.kernel.reviews import Comment
from entrypoint.kernel.run import CommentMode
from entrypoint.modes.ports import Console, PullRequests
from entrypoint.report.marker import MarkerKey, parse, with_outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Where the comment is; empty where there is none."""

    url: str


async def post(
    github: PullRequests,
    console: Console,
    *,
    pull: int,
    key: MarkerKey,
    body: str,
    mode: CommentMode,
    has_changes: bool,
) -> Posted:
    """Create, edit in place, or leave alone what says the same already. Without permission the summary has to do.

    A plan made after the merge (the pull request's job is run again) was reviewed by nobody and must not stand where the gate looks.
    """
    if mode is CommentMode.NEVER:
        return Posted(url="")
    try:
        ours = await our_comments(github, pull, key=key)
        if await github.is_merged(pull):
            console.note(
                f"#{pull} is merged: its comment keeps the plan that was reviewed. The job summary has this one."
            )
            return Posted(url=ours[0].url if ours else "")
        for surplus in ours[1:]:
            await github.delete_comment(surplus.id)
        if not ours:
            if mode is CommentMode.ON_DIFF and not has_changes:
                return Posted(url="")
            return Posted(url=(await github.create_comment(pull, body)).url)
        if _same(ours[0].body, body):
            return Posted(url=ours[0].url)
        return Posted(url=(await github.edit_comment(ours[0].id, body)).url)
    except MayNot as error:
        console.note(f"The comment could not be posted; the job summary has the same. {error} {error.hint}")
        return Posted(url="")


async def post_outcome(github: PullRequests, console: Console, *, comment: Comment, outcome: str) -> str:
    """Write what became of it below the plan. A failure here fails nothing: the summary has it too."""
    try:
        edited = await github.edit_comment(comment.id, with_outcome(comment.body, outcome))
    except GithubError as error:
        console.note(
            f"The outcome could not be written into the comment; the job summary has it. {error} {error.hint}"
        )
        return comment.url
    return edited.url


async def our_comments(github: PullRequests, pull: int, *, key: MarkerKey) -> list[Comment]:
    """Comments with this marker that were written with our token, oldest first."""
    comments = await github.comments(pull)
    marked = [
        comment for comment in comments if (framed := parse(comment.body)) is not None and framed.key == key
    ]
    if not marked:
        return []
    authorship = await github.authorship(marked)
    return [comment for comment in marked if (who := authorship.get(comment.id)) and who.viewer_did_author]


def _same(one: str, other: str) -> bool:
    return one.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()
