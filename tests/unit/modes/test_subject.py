"""Which commit is planned, and of which pull request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import anyio
import pytest
import trio

from entrypoint.kernel.checkout import Head
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.reviews import BlobState, Commit, FileStates, PullRequest
from entrypoint.kernel.run import Command
from entrypoint.modes.subject import Subject, checkout_of, read_subject
from entrypoint.modes.world import World
from tests.bench import make_inputs, make_run

TOML = b'app = "shop"\n'
TEXT = BlobState(oid="e" * 40, text=TOML.decode())
BASE, HEAD, MERGE, OTHER = "b" * 40, "a" * 40, "c" * 40, "d" * 40
PULL = PullRequest(
    number=7,
    title="More memory",
    head_sha=HEAD,
    head_repository="octo/shop",
    base_ref="main",
    base_repository="octo/shop",
    is_open=True,
    merged_at=None,
    merge_commit_sha=MERGE,
    updated_at=0,
    commits=1,
)


class Workspace:
    """A checkout with one file."""

    def __init__(self, head: Head | None) -> None:
        self._head = head

    def head(self) -> Head | None:
        return self._head

    def read(self, path: str) -> bytes | None:
        return TOML if path == "fly.toml" else None

    def is_committed(self, path: str, data: bytes) -> bool:
        return True


class Hub:
    """GitHub, which shows the pull request as `looks` say, one after the other; its test merge has `parents`."""

    def __init__(self, *looks: PullRequest, parents: Sequence[str] = (BASE, HEAD)) -> None:
        self.looks = list(looks)
        self.parents = tuple(parents)
        self.paused: list[float] = []

    async def pull(self, number: int) -> PullRequest:
        assert number == PULL.number
        return self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]

    async def commit(self, sha: str) -> Commit:
        return Commit(sha=sha, tree="t", parents=self.parents, title="", author="", committed_at=0)

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)

    async def file_states(self, wanted: Sequence[tuple[str, str]]) -> FileStates:
        return {at: TEXT if at[1] == "fly.toml" else None for at in wanted}


def subject(
    *,
    head: Head | None = None,
    hub: Hub | None = None,
    event: str = "pull_request",
    pull: int | None = None,
    **run: Any,
) -> Subject:
    unused: Any = None

    async def story() -> Subject:
        github: Any = hub
        world = World(
            files=Workspace(head),
            console=unused,
            images=unused,
            github=github,
            fly=unused,
            probe=unused,
            progress=unused,
            stop=anyio.Event(),
        )
        inputs = make_inputs(command=Command.PLAN, pull_request=pull)
        return await read_subject(inputs, make_run(event)._replace(**run), world)

    return trio.run(story)


def at(sha: str, *parents: str) -> Head:
    return Head(sha=sha, tree="t", parents=parents)


@pytest.mark.parametrize(
    ("head", "pull", "base", "tree"),
    [
        (at(MERGE, BASE, HEAD), 7, BASE, "t"),
        (at(HEAD, BASE), 7, None, "t"),
        (at(HEAD, BASE, OTHER), 7, None, "t"),
        (None, 7, None, None),
        (at(HEAD, BASE), None, None, "t"),
        (at(OTHER, BASE), None, None, "t"),
        (None, None, None, None),
    ],
    ids=["test merge", "head", "head is a merge", "no git", "push", "push, moved on", "laptop"],
)
def test_what_a_checkout_is(head: Head | None, pull: int | None, base: str | None, tree: str | None) -> None:
    planned = checkout_of(subject(head=head, pull_number=pull, sha=HEAD))
    assert (planned.pull, planned.head, planned.base_sha, planned.tree) == (pull, HEAD, base, tree)


@pytest.mark.parametrize(
    "head", [at(OTHER, BASE), at(MERGE, BASE, OTHER), at(MERGE, HEAD), at(MERGE, HEAD, BASE)]
)
def test_another_commit_than_the_pull_requests__is_not_planned(head: Head) -> None:
    read = subject(head=head, pull_number=7, sha=HEAD)
    with pytest.raises(UsageError, match="neither #7's head commit nor its test merge"):
        checkout_of(read)


MAKING, STALE = replace(PULL, merge_commit_sha=None), replace(PULL, head_sha=OTHER)


@pytest.mark.parametrize(
    ("looks", "paused"),
    [([PULL], 0), ([MAKING, PULL], 1), ([STALE, MAKING, PULL], 2), ([MAKING, MAKING, MAKING, PULL], 3)],
)
def test_the_test_merge_of_a_pull_request__is_waited_for(looks: list[PullRequest], paused: int) -> None:
    hub = Hub(*looks)
    found = subject(hub=hub, event="workflow_dispatch", pull=7)
    planned = checkout_of(found)
    assert (planned.pull, planned.head, planned.base_sha) == (7, HEAD, BASE)
    assert (found.run.pull_number, found.run.sha, found.run.from_fork) == (7, HEAD, False)
    assert len(hub.paused) == paused


@pytest.mark.parametrize(
    ("hub", "said"),
    [
        (Hub(MAKING), "#7 has no test merge: it conflicts with main"),
        (Hub(PULL, parents=(BASE,)), "#7 has no test merge"),
        (Hub(PULL, parents=(BASE, OTHER)), "#7 has no test merge"),
        (Hub(replace(PULL, is_open=False)), "#7 is closed"),
        (None, "there is no GitHub token"),
    ],
)
def test_a_pull_request_that_cannot_be_planned__is_said(hub: Hub | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        subject(hub=hub, event="workflow_dispatch", pull=7)
    if hub is not None and "merge" in said:
        assert hub.paused == [1.0, 2.0, 4.0]


def test_a_fork__is_known_by_its_repository() -> None:
    for repository, is_fork in (("mallory/shop", True), ("OCTO/Shop", False), ("", True)):
        hub = Hub(replace(PULL, head_repository=repository))
        assert subject(hub=hub, event="workflow_dispatch", pull=7).run.from_fork is is_fork
