"""Find the plan that was reviewed: the record in our own, untouched comment on a pull request that this push merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from entrypoint.kernel.reviews import Comment, MergedPull
from entrypoint.kernel.run import RunContext
from entrypoint.modes.ports import PullRequests
from entrypoint.planning.review.record import Record
from entrypoint.report.marker import MarkerKey, parse

PATIENCE = (1.0, 2.0, 4.0)
"""Seconds between look-ups while GitHub does not know yet which pull request brought the commit."""
MOST_COMMITS = 30
"""Commits of one push that are looked up; a merge queue batches fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """One reviewed plan."""

    pull: int
    comment: Comment
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A pull request whose comment proves nothing, and why. `comment` is ours, if there is one to answer in."""

    pull: int | None
    why: str
    comment: Comment | None = None


async def find_reviewed(
    github: PullRequests, run: RunContext, *, key: MarkerKey
) -> tuple[tuple[Reviewed, ...], tuple[Refused, ...]]:
    """Every reviewed plan this push may run, and every reason why another may not."""
    pulls = await _merged_pulls(github, run)
    if not pulls:
        return (), (Refused(pull=None, why="this commit did not come from a merged pull request"),)
    found = [await _read_pull(github, pull, key=key) for pull in pulls]
    return (
        tuple(item for item in found if isinstance(item, Reviewed)),
        tuple(item for item in found if isinstance(item, Refused)),
    )


async def _merged_pulls(github: PullRequests, run: RunContext) -> list[MergedPull]:
    """Pull requests of the pushed commits, the newest first. Only the tip is waited for: GitHub indexes it last."""
    base = run.ref.removeprefix("refs/heads/")
    found: dict[int, MergedPull] = {}
    for index, sha in enumerate(run.pushed_shas[:MOST_COMMITS] or (run.sha,)):
        delays = PATIENCE if index == 0 else ()
        for pull in await github.merged_pulls(sha, base=base, delays=delays):
            found.setdefault(pull.number, pull)
    return list(found.values())


async def _read_pull(github: PullRequests, pull: MergedPull, *, key: MarkerKey) -> Reviewed | Refused:
    comments = await github.comments(pull.number)
    marked = [
        comment for comment in comments if (framed := parse(comment.body)) is not None and framed.key == key
    ]
    if not marked:
        return Refused(pull=pull.number, why=f"#{pull.number} has no plan comment for this app")
    authorship = await github.authorship(marked)
    ours = [comment for comment in marked if (who := authorship.get(comment.id)) and who.viewer_did_author]
    answer = ours[0] if len(ours) == 1 else None
    if len(marked) > 1:
        return Refused(
            pull=pull.number,
            why=f"#{pull.number} has {len(marked)} comments that carry this plan's marker",
            comment=answer,
        )
    if answer is None:
        return Refused(
            pull=pull.number, why=f"the plan comment on #{pull.number} was not written with our token"
        )
    if authorship[answer.id].edited_by_other:
        return Refused(
            pull=pull.number,
            why=f"the plan comment on #{pull.number} was edited by somebody else",
            comment=answer,
        )
    framed = parse(answer.body)
    if framed is None or framed.record is None:
        why = framed.problem if framed else "it cannot be read"
        return Refused(
            pull=pull.number,
            why=f"the plan comment on #{pull.number} is not as we posted it: {why}",
            comment=answer,
        )
    return Reviewed(pull=pull.number, comment=answer, record=framed.record)


def refusal_reasons(refused: Sequence[Refused]) -> tuple[str, ...]:
    """The reasons, for people."""
    return tuple(item.why for item in refused)
