"""Which merged pull requests brought a commit, over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from entrypoint.adapters.github.patience import Patience
from entrypoint.adapters.github.pull_requests import GithubPullRequests
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.review_errors import RateLimited
from entrypoint.kernel.reviews import MergedPull
from entrypoint.kernel.secrets import Secret
from tests.blocking import Blocking
from tests.simulator_github.faults import primary_limit
from tests.simulator_github.running import Running, running

HEAD, MERGE, OTHER = "a" * 40, "b" * 40, "c" * 40
PATIENCE = Patience(attempts=3, pause=0.01, longest_wait=0.5, timeout=2)


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running() as served:
        yield served


@pytest.fixture
def github(served: Running) -> Iterator[Running]:
    served.simulator.reset()
    yield served
    assert served.simulator.journal.violations() == []


def reviews(github: Running) -> Blocking:
    return Blocking(
        GithubPullRequests(
            token=Secret("ghs_simulated"), repository="Octo/acme-shop", api_url=github.url, patience=PATIENCE
        )
    )


def test_the_merge_commit_leads_to_its_pull_request(github: Running) -> None:
    github.simulator.world.add_pull(number=7, head_sha=HEAD)
    github.simulator.world.merge(7, sha=MERGE)
    expected = MergedPull(number=7, merge_commit_sha=MERGE, base_ref="main", head_sha=HEAD)
    assert reviews(github).merged_pulls(MERGE, base="main") == (expected,)
    assert github.simulator.journal.operations() == ["commit-pulls"]


def test_merged_or_not_yet(github: Running) -> None:
    github.simulator.world.add_pull(number=7)
    assert not reviews(github).is_merged(7)
    github.simulator.world.merge(7, sha=MERGE)
    assert reviews(github).is_merged(7)


def test_a_rebased_commit_leads_there_too(github: Running) -> None:
    github.simulator.world.add_pull(number=7)
    github.simulator.world.merge(7, sha=MERGE, commits=(OTHER,))
    (found,) = reviews(github).merged_pulls(OTHER, base="main")
    assert (found.number, found.merge_commit_sha) == (7, MERGE)


def test_it_may_take_github_a_moment(github: Running) -> None:
    github.simulator.world.add_pull(number=7)
    github.simulator.world.merge(7, sha=MERGE, hidden_for=2)
    start = time.monotonic()
    assert reviews(github).merged_pulls(MERGE, base="main", delays=(0.1, 0.2, 9)) != ()
    assert 0.3 <= time.monotonic() - start < 5
    assert github.simulator.journal.asked("commit-pulls") == 3


def test_a_direct_push_is_asked_for_as_often_as_told(github: Running) -> None:
    assert reviews(github).merged_pulls(MERGE, base="main", delays=(0.01, 0.01)) == ()
    assert github.simulator.journal.asked("commit-pulls") == 3


def test_an_open_pull_request_is_waited_for_until_it_counts_as_merged(github: Running) -> None:
    github.simulator.world.add_pull(number=7, head_sha=HEAD)
    assert reviews(github).merged_pulls(HEAD, base="main", delays=(0.01,)) == ()
    assert github.simulator.journal.asked("commit-pulls") == 2


def test_merged_into_another_branch_does_not_count(github: Running) -> None:
    github.simulator.world.add_pull(number=7, base_ref="release")
    github.simulator.world.merge(7, sha=MERGE)
    assert reviews(github).merged_pulls(MERGE, base="main", delays=()) == ()
    assert len(reviews(github).merged_pulls(MERGE, base="release", delays=())) == 1


def test_several_at_once_come_by_number(github: Running) -> None:
    for number in (12, 9):
        github.simulator.world.add_pull(number=number)
        github.simulator.world.merge(number, sha=OTHER, commits=(MERGE,))
    assert [pull.number for pull in reviews(github).merged_pulls(MERGE, base="main")] == [9, 12]


def test_a_merge_commit_missing_from_the_list_is_read_from_the_pull_request(github: Running) -> None:
    world = github.simulator.world
    world.add_pull(number=7)
    world.merge(7, sha=MERGE)
    world.pulls[7].merge_commit_sha = None
    (found,) = reviews(github).merged_pulls(MERGE, base="main")
    assert found.merge_commit_sha is None
    assert github.simulator.journal.operations() == ["commit-pulls", "get-pull"]


def test_a_fork_that_is_gone_does_not_matter() -> None:
    with running(allow_violations=True) as github:  # the document says that head.repo is never null
        github.simulator.world.add_pull(number=7, head_repository="")
        github.simulator.world.merge(7, sha=MERGE)
        assert len(reviews(github).merged_pulls(MERGE, base="main")) == 1


def test_the_rate_limit_is_an_error_and_not_an_empty_answer(github: Running) -> None:
    github.simulator.faults.order(**primary_limit("commit-pulls", reset=int(time.time()) + 900))
    with pytest.raises(RateLimited):
        reviews(github).merged_pulls(MERGE, base="main")


@pytest.mark.parametrize("sha", ["", "main", "a" * 39, "../../user", "a" * 40 + "\n"])
def test_what_is_no_commit_is_refused(github: Running, sha: str) -> None:
    with pytest.raises(UsageError, match="commit"):
        reviews(github).merged_pulls(sha, base="main")
    assert github.simulator.journal == []
