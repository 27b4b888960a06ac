"""Which pull requests the commits of a branch came with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

from entrypoint.concurrency import gather
from entrypoint.kernel.reviews import PullRequest, QueueEntry
from entrypoint.kernel.run import RunContext
from entrypoint.modes.ports import GitHub

_WAITS = (1.0, 2.0, 4.0)
"""Seconds between looks while GitHub does not know yet which pull request brought the pushed commit."""
_MOST_PAGES = 5
"""Pages of 100 pull requests, for each branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedAs:
    """A pull request and the commit that it became, or would become in the merge queue."""

    pull: PullRequest
    commit: str


async def merged_lately(
    github: GitHub, run: RunContext, *, shas: Collection[str], since: int, branches: Collection[str]
) -> tuple[MergedAs, ...]:
    """The pull requests whose merge commit is one of `shas`. After a push, wait until GitHub knows the one of the pushed commit."""
    if not shas:
        return ()
    found = await _merged(github, shas=shas, since=since, branches=branches)
    for wait in _WAITS if run.event == "push" else ():
        if any(merged.commit == run.sha for merged in found):
            break
        await github.pause(wait)
        found = await _merged(github, shas=shas, since=since, branches=branches)
    return found


async def _merged(
    github: GitHub, *, shas: Collection[str], since: int, branches: Collection[str]
) -> tuple[MergedAs, ...]:
    lists = await gather(
        [partial(_closed, github, base, shas=shas, since=since) for base in sorted(branches)]
    )
    return tuple(
        MergedAs(pull=pull, commit=sha)
        for pulls in lists
        for pull in pulls
        if pull.merged_at is not None and (sha := pull.merge_commit_sha) is not None and sha in shas
    )


async def _closed(github: GitHub, base: str, *, shas: Collection[str], since: int) -> list[PullRequest]:
    """Closed pull requests, the last updated first, until one was last updated before `since`, or those of all commits are found."""
    found: list[PullRequest] = []
    for page in range(1, _MOST_PAGES + 1):
        pulls = await github.closed_pulls(base=base, page=page)
        found += pulls
        missing = set(shas) - {pull.merge_commit_sha for pull in found}
        if len(pulls) < 100 or pulls[-1].updated_at < since or not missing:
            break
    return found


async def in_queue(github: GitHub, run: RunContext) -> tuple[MergedAs, ...]:
    """The pull requests of the merge queue, each with the commit that would become the branch's tip."""
    entries = await github.merge_queue(run.base_branch)
    waiting = [entry for entry in entries if entry.commit is not None and entry.pull is not None]

    async def read(entry: QueueEntry) -> MergedAs:
        assert entry.commit is not None
        assert entry.pull is not None
        pull = await github.pull(entry.pull)
        return MergedAs(pull=pull, commit=entry.commit)

    return await gather([partial(read, entry) for entry in waiting])
