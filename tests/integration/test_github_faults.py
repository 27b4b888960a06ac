"""GitHub misbehaving over a real socket: a comment is posted once, and waits are short."""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrypoint.adapters.github.patience import Patience
from entrypoint.adapters.github.pull_requests import GithubPullRequests
from entrypoint.kernel.review_errors import Declined, GithubError, MayNot, RateLimited, Unreachable
from entrypoint.kernel.secrets import Secret
from tests.blocking import Blocking
from tests.simulator_github.faults import primary_limit, secondary_limit
from tests.simulator_github.running import Running, running
from tests.simulator_github.world import BOT

PULL = 7
BODY = "## Plan\n\n<!-- flightplan -->"
IMPATIENT = Patience(attempts=3, pause=0.01, longest_wait=2.0, timeout=1)


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


def reviews(github: Running, **more: Any) -> Blocking:
    more = {"api_url": github.url, "patience": IMPATIENT, "search_delays": (0.0, 0.05), **more}
    return Blocking(GithubPullRequests(token=Secret("ghs_simulated"), repository="octo/acme-shop", **more))


def bodies(github: Running) -> list[str]:
    return [comment.body for comment in github.simulator.world.comments.values()]


FIRST_POST = {
    "502 before": {"status": 502},
    "502 after": {"status": 502, "commit": True},
    "500 with HTML": {"status": 500, "commit": True, "text": "<html>unicorn</html>"},
    "503 with half a JSON": {"status": 503, "text": '{"mess'},
    "reset before": {"drop": True},
    "reset after": {"drop": True, "commit": True},
    "201 with half a JSON": {"commit": True, "text": '{"id": 12'},
    "201 with nothing": {"commit": True, "text": ""},
    "201 with a list": {"commit": True, "text": "[]"},
    "502, then done after all": {"status": 502, "late": 0.03},
}
SECOND_POST: dict[str, dict[str, Any] | None] = {
    "fine": None,
    "502 before": {"status": 502},
    "502 after": {"status": 502, "commit": True},
}


@pytest.mark.parametrize(("first", "second"), list(itertools.product(FIRST_POST, SECOND_POST)))
def test_a_comment_is_posted_exactly_once(github: Running, first: str, second: str) -> None:
    github.simulator.faults.order(operation="create-comment", **FIRST_POST[first])  # type: ignore[arg-type]
    again = SECOND_POST[second]
    if again:
        github.simulator.faults.order(operation="create-comment", nth=2, **again)
    posted = reviews(github).create_comment(PULL, BODY)
    assert bodies(github) == [BODY]
    assert posted.id in github.simulator.world.comments


def test_no_answer_in_time_and_yet_posted(github: Running) -> None:
    github.simulator.faults.order(operation="create-comment", commit=True, delay=1.5)
    reviews(github, search_delays=(0.0, 0.4, 0.6)).create_comment(PULL, BODY)
    time.sleep(0.2)
    assert bodies(github) == [BODY]


def test_a_twin_that_came_late_is_taken_away_again(github: Running) -> None:
    github.simulator.faults.order(operation="create-comment", status=502, late=0.15)
    github.simulator.faults.order(operation="create-comment", nth=2, delay=0.4)
    posted = reviews(github, search_delays=(0.0,)).create_comment(PULL, BODY)
    assert list(github.simulator.world.comments) == [posted.id]


def test_somebody_elses_copy_is_not_taken_for_ours(github: Running) -> None:
    copied = github.simulator.world.add_comment(PULL, author="eve", body=BODY)
    github.simulator.faults.order(operation="create-comment", status=502)
    posted = reviews(github).create_comment(PULL, BODY)
    assert posted.id != copied.id
    assert posted.author == BOT
    assert bodies(github) == [BODY, BODY]


def test_a_healthy_post_is_one_request(github: Running) -> None:
    reviews(github).create_comment(PULL, BODY)
    assert github.simulator.journal.operations() == ["create-comment"]


def test_a_server_that_keeps_failing_is_given_up(github: Running) -> None:
    github.simulator.faults.order(operation="create-comment", status=502, times=99)
    with pytest.raises(Unreachable, match="HTTP 502"):
        reviews(github).create_comment(PULL, BODY)
    assert github.simulator.journal.asked("create-comment") == 3
    assert bodies(github) == []


def test_posting_and_searching_fail_both(github: Running) -> None:
    github.simulator.faults.order(operation="create-comment", status=502, commit=True)
    github.simulator.faults.order(operation="list-comments", status=500, times=99)
    with pytest.raises(Unreachable, match="whether the comment was posted is not known"):
        reviews(github).create_comment(PULL, BODY)
    assert github.simulator.journal.asked("create-comment") == 1, "not posted again without looking"


def test_posted_again_but_twins_cannot_be_looked_for(github: Running) -> None:
    github.simulator.faults.order(operation="create-comment", status=502)
    github.simulator.faults.order(operation="list-comments", nth=3, status=403)
    assert reviews(github).create_comment(PULL, BODY).body == BODY


@pytest.mark.parametrize(
    "fault", [{"status": 502}, {"drop": True}, {"drop": True, "commit": True}, {"text": "{"}, {"text": "7"}]
)
def test_safe_calls_are_repeated(github: Running, fault: dict[str, Any]) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, "old")
    github.simulator.faults.order(**fault)
    assert ours.edit_comment(posted.id, "new").body == "new"
    github.simulator.faults.order(**fault)
    assert len(ours.comments(PULL)) == 1
    github.simulator.faults.order(**fault)
    assert ours.viewer().id == posted.author_id
    github.simulator.faults.order(**fault)
    assert ours.comment(posted.id).body == "new"


def test_a_failed_page_is_asked_for_again_alone(github: Running) -> None:
    for index in range(250):
        github.simulator.world.add_comment(PULL, author="mona", body=f"c{index}")
    github.simulator.faults.order(operation="list-comments", nth=2, status=502)
    assert [comment.body for comment in reviews(github).comments(PULL)] == [
        f"c{index}" for index in range(250)
    ]
    assert github.simulator.journal.asked("list-comments") == 4


@pytest.mark.parametrize("operation", ["create-comment", "list-comments", "graphql", "edit-comment"])
def test_a_short_rate_limit_is_waited_out(github: Running, operation: str) -> None:
    github.simulator.faults.order(**secondary_limit(operation, retry_after=1))
    ours, start = reviews(github), time.monotonic()
    posted = ours.create_comment(PULL, BODY)
    ours.comments(PULL)
    ours.viewer()
    ours.edit_comment(posted.id, "new")
    assert 1.0 <= time.monotonic() - start < 3.0
    assert bodies(github) == ["new"]


def test_a_primary_limit_that_ends_soon_is_waited_out(github: Running) -> None:
    github.simulator.faults.order(**primary_limit("list-comments", reset=int(time.time())))
    assert reviews(github).comments(PULL) == ()


@pytest.mark.parametrize(
    "limit",
    [
        secondary_limit("create-comment", retry_after=3600, times=9),
        primary_limit("create-comment", reset=int(time.time()) + 3600, times=9),
        secondary_limit("create-comment", retry_after=2, times=9),
    ],
)
def test_nobody_sleeps_an_hour(github: Running, limit: dict[str, Any]) -> None:
    github.simulator.faults.order(**limit)
    start = time.monotonic()
    with pytest.raises(RateLimited, match="until"):
        reviews(github).create_comment(PULL, BODY)
    assert time.monotonic() - start < 4
    assert bodies(github) == []


def test_a_secondary_limit_without_a_word_how_long(github: Running) -> None:
    github.simulator.faults.order(**secondary_limit("list-comments", retry_after=None))
    patience = Patience(attempts=3, pause=0.01, longest_wait=0.3, timeout=1)
    start = time.monotonic()
    assert reviews(github, patience=patience).comments(PULL) == ()
    assert time.monotonic() - start >= 0.3


def test_graphql_failures_are_told_apart(github: Running) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, BODY)

    def answer(*errors: dict[str, str], times: int = 1) -> None:
        document = {"data": None, "errors": list(errors)}
        github.simulator.faults.order(operation="graphql", status=200, document=document, times=times)

    answer({"message": "Something went wrong while executing your query."})
    assert ours.viewer().id == posted.author_id
    answer({"type": "FORBIDDEN", "message": "Resource not accessible by integration"})
    with pytest.raises(MayNot):
        reviews(github).viewer()
    answer({"message": "Parse error"})
    with pytest.raises(Declined, match="Parse error"):
        reviews(github).viewer()
    answer({"type": "NOT_FOUND", "message": "gone"}, times=9)
    with pytest.raises(Unreachable):
        reviews(github).viewer()


@pytest.mark.parametrize(
    "viewer",
    [None, {}, "text", {"login": "ci"}, {"login": None, "databaseId": 3}, {"login": "ci", "databaseId": "3"}],
)
def test_a_strange_answer_about_whose_token_it_is_makes_nothing_ours(github: Running, viewer: Any) -> None:
    github.simulator.faults.order(
        operation="graphql", status=200, document={"data": {"viewer": viewer}}, times=9
    )
    with pytest.raises(GithubError):
        reviews(github).viewer()


@pytest.mark.parametrize(
    "text", ["", "null", "{}", "[1]", '["x"]', "[{}]", '[{"id": true}]', "[" * 5000, '{"message": "x"}']
)
def test_a_list_that_is_none_is_not_an_empty_list(github: Running, text: str) -> None:
    github.simulator.world.add_comment(PULL, author="mona", body="x")
    github.simulator.faults.order(operation="list-comments", text=text, times=9)
    with pytest.raises(Unreachable):
        reviews(github).comments(PULL)


def test_a_list_without_an_end_ends(github: Running) -> None:
    github.simulator.world.add_comment(PULL, author="mona", body="x")
    forever = f'<{github.url}/repositories/500/issues/7/comments?page=1>; rel="next"'
    github.simulator.faults.order(operation="list-comments", headers={"link": forever}, times=9999)
    with pytest.raises(Unreachable, match="the list has no end"):
        reviews(github).comments(PULL)


def test_an_edit_that_is_answered_with_words_is_not_believed(github: Running) -> None:
    ours = reviews(github)
    posted = ours.create_comment(PULL, BODY)
    github.simulator.faults.order(
        operation="edit-comment", status=200, document={"message": "later"}, times=9
    )
    with pytest.raises(Unreachable):
        ours.edit_comment(posted.id, "new")


def test_a_ca_file_that_is_not_there_is_said(github: Running, tmp_path: Path) -> None:
    ours = reviews(github, api_url="https://127.0.0.1:9", verify=str(tmp_path / "none.pem"))
    with pytest.raises(Unreachable, match=r"none\.pem") as said:
        ours.comments(PULL)
    assert "REQUESTS_CA_BUNDLE" in said.value.hint


def test_nothing_is_logged_that_holds_the_token(github: Running, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        github.simulator.faults.order(operation="create-comment", status=502)
        reviews(github).create_comment(PULL, BODY)
    assert "api.github" in caplog.text or "issues/7/comments" in caplog.text, "the test would prove nothing"
    assert "ghs_simulated" not in caplog.text


def test_nobody_is_there() -> None:
    with running() as served:
        url = served.url
    start = time.monotonic()
    ours = Blocking(
        GithubPullRequests(token=Secret("t"), repository="octo/shop", api_url=url, patience=IMPATIENT)
    )
    with pytest.raises(Unreachable, match="connection failed"):
        ours.comments(PULL)
    assert time.monotonic() - start < 3


def test_links_to_another_server_are_not_followed(github: Running) -> None:
    other = {"link": '<http://evil.example/repos/octo/acme-shop/issues/7/comments?page=2>; rel="next"'}
    github.simulator.world.add_comment(PULL, author="mona", body="x")
    github.simulator.faults.order(operation="list-comments", headers=other, times=9)
    with pytest.raises(Unreachable, match="another server"):
        reviews(github).comments(PULL)


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_repository_that_was_renamed__is_named_and_nothing_is_taken_for_its_answer(
    github: Running, status: int
) -> None:
    """A list of another address, without its query, would be another list."""
    to = {"location": f"{github.url}/repositories/4711/pulls"}
    said = {"message": "Moved Permanently", "url": to["location"]}
    for operation in ("list-pulls", "create-comment"):
        github.simulator.faults.order(operation=operation, status=status, headers=to, document=said, times=9)
    ours = reviews(github)
    for ask in (lambda: ours.closed_pulls(base="main", page=1), lambda: ours.create_comment(PULL, BODY)):
        with pytest.raises(Declined, match=f"another name or owner now .HTTP {status}") as refused:
            ask()
        assert "Start a new run" in refused.value.hint
    assert github.simulator.journal.asked("create-comment") == 1


def test_a_redirect_to_another_server_is_not_followed(github: Running) -> None:
    to = {"location": "https://evil.example/repos/octo/acme-shop/pulls"}
    github.simulator.faults.order(operation="list-pulls", status=302, headers=to, times=9)
    with pytest.raises(Unreachable, match="another server"):
        reviews(github).closed_pulls(base="main", page=1)


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("Repository was archived so is read-only.", "unarchive it"),
        ("Resource protected by organization SAML enforcement.", "single sign-on"),
        (
            "the `octo` organization has an IP allow list enabled, and your IP address is not permitted",
            "allow list",
        ),
        ("Resource not accessible by integration", "permissions: {contents: read"),
    ],
)
def test_what_to_do_about_a_403__is_what_helps(github: Running, said: str, hint: str) -> None:
    refusal = {"status": 403, "document": {"message": said}}
    github.simulator.faults.order(operation="create-comment", **refusal)
    with pytest.raises(MayNot) as refused:
        reviews(github).create_comment(PULL, BODY)
    assert hint in refused.value.hint
    assert ("needs `permissions" in str(refused.value)) == ("integration" in said)
