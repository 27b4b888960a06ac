"""Comments over a real socket: what is posted, found, edited, and by whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from entrypoint.adapters.github.patience import Patience
from entrypoint.adapters.github.pull_requests import GithubPullRequests
from entrypoint.kernel.review_errors import BadToken, BodyTooLong, Declined, MayNot, MayNotComment, NotFound
from entrypoint.kernel.secrets import Secret
from tests.blocking import Blocking
from tests.simulator_github.running import Running, running
from tests.simulator_github.world import BOT, READ_ONLY, Token

PULL = 7
IMPATIENT = Patience(attempts=3, pause=0.01, longest_wait=2.0, timeout=2)


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running() as served:
        yield served


@pytest.fixture
def github(served: Running) -> Iterator[Running]:
    served.simulator.reset()
    served.simulator.world.add_pull(number=PULL)
    yield served
    assert served.simulator.journal.violations() == []


def reviews(github: Running, *, token: str = "ghs_simulated", **more: Any) -> Blocking:
    more = {"api_url": github.url, "repository": "octo/acme-shop", "patience": IMPATIENT, **more}
    return Blocking(GithubPullRequests(token=Secret(token), search_delays=(0.0, 0.05), **more))


def test_post_edit_find(github: Running) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, "first")
    assert posted.author == BOT
    assert posted.url.endswith(f"/pull/{PULL}#issuecomment-{posted.id}")
    assert ours.edit_comment(posted.id, "second").body == "second"
    assert [(c.id, c.body) for c in ours.comments(PULL)] == [(posted.id, "second")]
    assert posted.author_id == ours.viewer().id


def test_nothing_is_asked_that_is_not_needed(github: Running) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, "x")
    ours.edit_comment(posted.id, "y")
    ours.comments(PULL)
    assert github.simulator.journal.operations() == [
        "create-comment",
        "edit-comment",
        "list-comments",
    ]
    first = github.simulator.journal[0]
    assert (first.agent, first.api_version, first.login) == ("flightplan", "2022-11-28", BOT)


def test_an_enterprise_server_has_its_own_addresses(github: Running) -> None:
    ours = reviews(github, api_url=f"{github.enterprise_url}/")
    for index in range(101):
        github.simulator.world.add_comment(PULL, author="mona", body=f"c{index}")
    posted = ours.create_comment(PULL, "x")
    assert ours.edit_comment(posted.id, "y").body == "y"
    assert len(ours.comments(PULL)) == 102
    assert ours.comment(posted.id).author_id == ours.viewer().id


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_all_pages_are_read_in_order(github: Running, count: int, requests: int) -> None:
    for index in range(count):
        github.simulator.world.add_comment(PULL, author="mona", body=f"c{index}")
    found = reviews(github).comments(PULL)
    assert [comment.body for comment in found] == [f"c{index}" for index in range(count)]
    assert github.simulator.journal.asked("list-comments") == requests


def test_only_this_pull_requests_comments(github: Running) -> None:
    github.simulator.world.add_pull(number=8)
    github.simulator.world.add_comment(8, author="mona", body="elsewhere")
    assert reviews(github).comments(PULL) == ()


def test_the_author_of_a_comment_may_be_gone(github: Running) -> None:
    comment = github.simulator.world.add_comment(PULL, author="ghost", body="x")
    comment.author = None
    (found,) = reviews(github).comments(PULL)
    assert (found.author, found.author_id) == ("", None)


@pytest.mark.parametrize(
    "body",
    [
        "✈️ 👩‍👩‍👧 café — \u202e\u200b",
        "<!-- flightplan v1 -->\n<script>alert(1)</script>\n@everyone #1",
        "::error::x\n##[add-mask]y\n${{ secrets.X }}\n%0A%25",
        "tabs\t, \\backslashes\\, \"quotes\", 'single', `ticks`",
        "\r\nline ends\r\n  and blanks  \n\n",
        '{"message": "API rate limit exceeded"}',
        "a\x01b",
        "\N{MATHEMATICAL SCRIPT CAPITAL A}" * 65_536,
    ],
)
def test_text_travels_as_it_is(github: Running, body: str) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, body)
    assert posted.body == body
    assert ours.edit_comment(posted.id, f"{body[:-1]}!").body == f"{body[:-1]}!"
    assert ours.comments(PULL)[0].body == f"{body[:-1]}!"


def test_too_long_is_said_clearly(github: Running) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, "x")
    with pytest.raises(BodyTooLong, match="too long"):
        ours.create_comment(PULL, "x" * 65_537)
    with pytest.raises(BodyTooLong, match="too long"):
        ours.edit_comment(posted.id, "x" * 65_537)
    assert [comment.body for comment in ours.comments(PULL)] == ["x"]


def test_empty_is_declined(github: Running) -> None:
    with pytest.raises(Declined, match="blank"):
        reviews(github).create_comment(PULL, " \n")


def test_a_forks_token_reads_and_does_not_write(github: Running) -> None:
    github.simulator.world.tokens["ghs_fork"] = Token(login=BOT, permissions=READ_ONLY)
    posted = reviews(github).create_comment(PULL, "plan")
    fork = reviews(github, token="ghs_fork")
    assert fork.comments(PULL) == (posted,)
    assert fork.viewer().id == posted.author_id
    writes: tuple[Callable[[], object], ...] = (
        lambda: fork.create_comment(PULL, "x"),
        lambda: fork.edit_comment(posted.id, "x"),
        lambda: fork.minimise_comment(posted.node_id),
    )
    for write in writes:
        with pytest.raises(MayNotComment, match="pull-requests: write"):
            write()
    assert [comment.body for comment in fork.comments(PULL)] == ["plan"]


def test_a_token_without_any_permission_here(github: Running) -> None:
    github.simulator.world.tokens["ghs_none"] = Token(login=BOT, permissions={"metadata": "read"})
    posted = reviews(github).create_comment(PULL, "x")
    none = reviews(github, token="ghs_none")
    with pytest.raises(MayNot) as refused:
        none.comments(PULL)
    assert "pull-requests: write" in refused.value.hint
    with pytest.raises(MayNot):
        none.comment(posted.id)


def test_a_locked_conversation(github: Running) -> None:
    github.simulator.world.pulls[PULL].locked = True
    with pytest.raises(MayNotComment, match="locked"):
        reviews(github).create_comment(PULL, "x")


def test_a_wrong_token(github: Running) -> None:
    with pytest.raises(BadToken) as refused:
        reviews(github, token="ghs_wrong").comments(PULL)
    assert "ghs_wrong" not in str(refused.value) + refused.value.hint
    with pytest.raises(BadToken):
        reviews(github, token="ghs_wrong").create_comment(PULL, "x")


def test_what_is_not_there(github: Running) -> None:
    ours = reviews(github)
    asks: tuple[Callable[[], object], ...] = (
        lambda: ours.comments(99),
        lambda: ours.create_comment(99, "x"),
        lambda: ours.edit_comment(99, "x"),
        lambda: reviews(github, repository="octo/other").comments(PULL),
    )
    for ask in asks:
        with pytest.raises(NotFound):
            ask()


def test_two_threads_may_share_it(github: Running) -> None:
    ours = reviews(github)
    with ThreadPoolExecutor(max_workers=8) as threads:
        posted = list(threads.map(lambda index: ours.create_comment(PULL, f"c{index}"), range(24)))
        edited = list(threads.map(lambda comment: ours.edit_comment(comment.id, f"{comment.body}!"), posted))
    assert [comment.body for comment in edited] == [f"c{index}!" for index in range(24)]
    assert {comment.id: comment.body for comment in ours.comments(PULL)} == {c.id: c.body for c in edited}
