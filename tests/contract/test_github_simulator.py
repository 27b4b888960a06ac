"""The GitHub simulator answers as GitHub documents it, and refuses what GitHub refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.simulator_github.running import Running, running
from tests.simulator_github.world import BOT, READ_ONLY, Token

REPO = "/repos/octo/acme-shop"
HEADERS = {"authorization": "Bearer ghs_simulated"}
COMMENT_QUERY = """query($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on IssueComment {
  id body viewerDidAuthor createdAt lastEditedAt author { __typename login } editor { __typename login } } } }"""


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    with running() as served:
        yield served


@pytest.fixture
def github(served: Running) -> Iterator[Running]:
    served.simulator.reset()
    served.simulator.world.add_pull(number=7, head_sha="a" * 40)
    yield served
    assert served.simulator.journal.violations() == []


@pytest.fixture
def client(github: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=github.url, headers=HEADERS) as client:
        yield client


def test_every_operation_answers_as_documented(github: Running, client: httpx.Client) -> None:
    posted = client.post(f"{REPO}/issues/7/comments", json={"body": "x"})
    comment = f"{REPO}/issues/comments/{posted.json()['id']}"
    github.simulator.world.merge(7, sha="b" * 40)
    github.simulator.world.tokens["ghp_mona"] = Token(login="mona", permissions=READ_ONLY, installation=False)
    statuses = [
        posted.status_code,
        client.get(comment).status_code,
        client.patch(comment, json={"body": "y"}).status_code,
        client.patch(comment, json={"body": ""}).status_code,
        client.patch(comment, json={"body": "z" * 65_537}).status_code,
        client.get(f"{REPO}/issues/7/comments").status_code,
        client.delete(comment).status_code,
        client.get(f"{REPO}/pulls/7").status_code,
        client.get(f"{REPO}/commits/{'b' * 40}/pulls").status_code,
        client.get(REPO).status_code,
        client.get("/user", headers={"authorization": "token ghp_mona"}).status_code,
    ]
    assert statuses == [201, 200, 200, 422, 422, 200, 204, 200, 200, 200, 200]
    assert github.simulator.journal.violations() == []


def test_a_request_that_github_does_not_know_is_a_violation() -> None:
    with (
        running(allow_violations=True) as github,
        httpx.Client(base_url=github.url, headers=HEADERS) as client,
    ):
        github.simulator.world.add_pull(number=7)
        client.post(f"{REPO}/issues/7/comments", json={"text": "x"})
        client.post(f"{REPO}/issues/7/comments", json={"body": 7})
        client.get(f"{REPO}/issues/7/comments?page=first")
        client.get("/rate_limits")
        found = github.simulator.journal.violations()
    assert [text.split(":")[0].split(" ")[0] for text in found] == ["POST", "POST", "GET", "GET"]


def test_pages_link_by_repository_number(github: Running, client: httpx.Client) -> None:
    for index in range(250):
        github.simulator.world.add_comment(7, author="mona", body=f"c{index}")
    first = client.get(f"{REPO}/issues/7/comments?per_page=500")
    assert len(first.json()) == 100
    assert f"{github.url}/repositories/500/issues/7/comments?" in first.links["next"]["url"]
    assert "page=3" in first.links["last"]["url"]
    second = client.get(first.links["next"]["url"].replace("per_page=500", "per_page=100"))
    assert second.json()[0]["body"] == "c100"
    assert set(second.links) == {"prev", "next", "last", "first"}
    assert len(client.get(f"{REPO}/issues/7/comments").json()) == 30


def test_urls_are_on_the_host_and_prefix_that_was_asked(github: Running) -> None:
    with httpx.Client(base_url=github.enterprise_url, headers=HEADERS) as client:
        comment = client.post(f"{REPO}/issues/7/comments", json={"body": "x"}).json()
    assert comment["url"] == f"{github.enterprise_url}{REPO}/issues/comments/{comment['id']}"
    assert comment["html_url"].startswith(f"{github.url}/octo/acme-shop/pull/7#")


def test_a_jobs_token_cannot_ask_who_it_is(client: httpx.Client) -> None:
    answer = client.get("/user")
    assert (answer.status_code, answer.json()["message"]) == (403, "Resource not accessible by integration")


def test_a_forks_token_reads_only(github: Running, client: httpx.Client) -> None:
    github.simulator.world.tokens["ghs_fork"] = Token(login=BOT, permissions=READ_ONLY)
    fork = {"authorization": "token ghs_fork"}
    assert client.get(f"{REPO}/issues/7/comments", headers=fork).status_code == 200
    refused = client.post(f"{REPO}/issues/7/comments", json={"body": "x"}, headers=fork)
    assert (refused.status_code, refused.json()["message"]) == (403, "Resource not accessible by integration")
    assert github.simulator.world.comments == {}


@pytest.mark.parametrize(
    ("private", "token", "method", "expected"),
    [
        (True, None, "GET", 404),
        (False, None, "GET", 200),
        (False, None, "POST", 401),
        (False, "wrong", "GET", 401),
        (True, "wrong", "GET", 401),
    ],
)
def test_without_a_good_token(
    github: Running, private: bool, token: str | None, method: str, expected: int
) -> None:
    github.simulator.world.private = private
    headers = {"authorization": f"token {token}"} if token else {}
    body = {"json": {"body": "x"}} if method == "POST" else {}
    answer = httpx.request(method, f"{github.url}{REPO}/issues/7/comments", headers=headers, **body)  # type: ignore[arg-type]
    assert answer.status_code == expected


def test_graphql_tells_authors_and_editors(github: Running, client: httpx.Client) -> None:
    posted = client.post(f"{REPO}/issues/7/comments", json={"body": "x"}).json()
    github.simulator.world.edit_comment(posted["id"], editor="eve", body="y")
    answer = client.post(
        "/graphql", json={"query": COMMENT_QUERY, "variables": {"ids": [posted["node_id"], "IC_gone"]}}
    ).json()
    node, gone = answer["data"]["nodes"]
    assert posted["user"]["login"] == "github-actions[bot]"
    assert node["author"] == {"__typename": "Bot", "login": "github-actions"}
    assert node["editor"] == {"__typename": "User", "login": "eve"}
    assert (node["viewerDidAuthor"], node["body"]) == (True, "y")
    assert gone is None
    assert [(error["type"], error["path"]) for error in answer["errors"]] == [("NOT_FOUND", ["nodes", 1])]


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ({"query": "{ nodes(ids: []) { nickname } }"}, "nickname"),
        ({"query": "{ nodes { id } }"}, "ids"),
        ({"query": "{"}, "Syntax"),
        ({"query": 7}, "query attribute"),
        ([], "query attribute"),
        ({"query": COMMENT_QUERY, "variables": {"ids": ["x"] * 101}}, "100"),
    ],
)
def test_graphql_checks_the_query(client: httpx.Client, document: Any, word: str) -> None:
    answer = client.post("/graphql", json=document)
    assert answer.status_code == 200
    assert word in answer.json()["errors"][0]["message"]


def test_the_newest_api_version_has_no_merge_commit(github: Running, client: httpx.Client) -> None:
    github.simulator.world.merge(7, sha="b" * 40)
    assert client.get(f"{REPO}/pulls/7").json()["merge_commit_sha"] == "b" * 40
    newest = client.get(f"{REPO}/pulls/7", headers={"x-github-api-version": "2026-03-10"})
    assert "merge_commit_sha" not in newest.json()
    refused = client.get(REPO, headers={"x-github-api-version": "1999-01-01"})
    assert refused.status_code == 400


def test_commits_know_their_pull_request_late(github: Running, client: httpx.Client) -> None:
    github.simulator.world.merge(7, sha="b" * 40, hidden_for=2)
    found = [len(client.get(f"{REPO}/commits/{'b' * 40}/pulls").json()) for _ in range(3)]
    assert found == [0, 0, 1]


def test_people_can_play_from_outside(github: Running, client: httpx.Client) -> None:
    assert client.post("/_sim/pulls", json={"number": 8, "head_sha": "c" * 40}).status_code == 201
    comment = client.post("/_sim/pulls/8/comments", json={"author": "mona", "body": "hi"}).json()
    client.post(f"/_sim/comments/{comment['id']}", json={"editor": "eve", "body": "ho"})
    client.post("/_sim/pulls/8/merge", json={"sha": "d" * 40, "commits": ["e" * 40]})
    client.post("/_sim/tokens", json={"token": "ghs_x", "login": "other[bot]"})
    client.post("/_sim/faults", json={"operation": "list-comments", "status": 503})
    assert client.get(f"{REPO}/issues/8/comments").status_code == 503
    assert (
        client.get(f"{REPO}/issues/8/comments", headers={"authorization": "token ghs_x"}).json()[0]["body"]
        == "ho"
    )
    dump = client.get("/_sim/").json()
    assert dump["comments"][0]["editor"] == "eve"
    assert [entry["status"] for entry in dump["journal"]] == [503, 200]
    assert [entry["login"] for entry in dump["journal"]] == [BOT, "other[bot]"]
    assert "ghs_" not in str(dump)
    assert client.post("/_sim/pulls/99/merge", json={"sha": "x"}).status_code == 400
    assert client.post("/_sim/pulls", json={"colour": "red"}).status_code == 400
    client.post(f"/_sim/comments/{comment['id']}/delete")
    assert client.get("/_sim/").json()["comments"] == []


def test_it_runs_as_a_program(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(
        '{"repository": "o/r", "tokens": [{"token": "t", "login": "mona"}],'
        ' "pulls": [{"number": 3}], "comments": [{"pull": 3, "author": "mona", "body": "hi"}]}'
    )
    command = [sys.executable, "-m", "tests.simulator_github", "--port", "0", "--state", str(state)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], env=dict(os.environ)
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = line.split()[0].removeprefix("GITHUB_API_URL=")
            answer = httpx.get(f"{url}/repos/o/r/issues/3/comments", headers={"authorization": "token t"})
            assert answer.json()[0]["body"] == "hi"
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
    assert "GITHUB_REPOSITORY=o/r token=t" in line
