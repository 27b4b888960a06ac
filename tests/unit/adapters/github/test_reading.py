"""GitHub's JSON: read when it has the documented shape, Malformed when not, and never anything else."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.adapters.github.failures import Attempt, Malformed, Permission
from entrypoint.adapters.github.reading import (
    next_page,
    read_authorship,
    read_comment,
    read_graphql,
    read_list,
    read_merged,
    read_nothing,
)
from entrypoint.kernel.review_errors import GithubError
from entrypoint.kernel.reviews import Authorship, Comment, MergedPull
from entrypoint.kernel.secrets import Secret

COMMENT: dict[str, Any] = {
    "id": 5_000_000_000,
    "node_id": "IC_x",
    "html_url": "https://github.com/o/r/pull/1#issuecomment-5",
    "body": "text",
    "user": {"login": "mona", "id": 7},
    "issue_url": "https://api.github.com/repos/o/r/issues/1",
}
PULL: dict[str, Any] = {
    "number": 7,
    "merged_at": "2026-01-01T00:00:00Z",
    "merge_commit_sha": "b" * 40,
    "base": {"ref": "main", "repo": {"full_name": "Octo/Shop"}},
    "head": {"sha": "a" * 40},
}
ATTEMPT = Attempt(what="x", api_url="https://api.github.com", secret=Secret("t"), needs=Permission.READ)
KEYS = st.sampled_from(
    [
        *COMMENT,
        *PULL,
        "login",
        "nodes",
        "data",
        "errors",
        "type",
        "viewerDidAuthor",
        "author",
        "editor",
        "ref",
        "repo",
        "sha",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


def read_pull(document: object) -> MergedPull | None:
    return read_merged(document, base="main", repository="octo/shop")


def test_a_comment() -> None:
    expected = Comment(
        id=5_000_000_000,
        node_id="IC_x",
        url=COMMENT["html_url"],
        pull=1,
        body="text",
        author="mona",
        author_id=7,
    )
    assert read_comment(COMMENT) == expected
    assert read_comment({**COMMENT, "body": None}).body == ""
    assert read_comment({**COMMENT, "user": None}).author == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"id": "5"},
        {"id": True},
        {"id": None},
        {"node_id": 5},
        {"html_url": None},
        {"body": 7},
        {"user": "mona"},
        {"user": {}},
        {"user": {"login": "mona"}},
        {"issue_url": None},
        {"issue_url": "https://api.github.com/repos/o/r/issues/x"},
    ],
)
def test_not_a_comment(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_comment({**COMMENT, **changed})


def test_a_merged_pull_request() -> None:
    assert read_pull(PULL) == MergedPull(
        number=7, merge_commit_sha="b" * 40, base_ref="main", head_sha="a" * 40
    )
    assert read_pull({**PULL, "merged_at": None}) is None
    assert read_pull({**PULL, "base": {**PULL["base"], "ref": "release"}}) is None
    assert read_pull({**PULL, "base": {**PULL["base"], "repo": {"full_name": "octo/fork"}}}) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"base": None},
        {"base": {"ref": "main", "repo": None}},
        {"head": {}},
        {"number": "7"},
        {"merge_commit_sha": 1},
    ],
)
def test_not_a_pull_request(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_pull({**PULL, **changed})


@pytest.mark.parametrize(
    ("author", "editor", "by_other"),
    [
        ({"__typename": "Bot", "login": "ci"}, None, False),
        ({"__typename": "Bot", "login": "ci"}, {"__typename": "Bot", "login": "ci"}, False),
        ({"__typename": "Bot", "login": "ci"}, {"__typename": "User", "login": "ci"}, True),
        ({"__typename": "Bot", "login": "ci"}, {"__typename": "User", "login": "eve"}, True),
        ({"login": "ci"}, {"login": "ci"}, False),
        (None, {"__typename": "User", "login": "eve"}, True),
    ],
)
def test_who_edited(author: Any, editor: Any, by_other: bool) -> None:
    node = {"id": "IC_x", "viewerDidAuthor": True, "author": author, "editor": editor}
    assert read_authorship({"nodes": [node, None]}) == {
        "IC_x": Authorship(viewer_did_author=True, edited_by_other=by_other)
    }


def test_the_next_page_is_on_the_same_server_and_below_the_same_address() -> None:
    def following(url: str, *, base: str) -> str | None:
        return next_page({"link": f'<{url}>; rel="next", <{url}9>; rel="last"'}, base=base)

    assert (
        following("https://api.github.com/repositories/1/x?page=2&a=b", base="https://api.github.com")
        == "/repositories/1/x?page=2&a=b"
    )
    assert following("https://ghe.example/api/v3/x?page=2", base="https://ghe.example/api/v3") == "/x?page=2"
    assert next_page({}, base="https://api.github.com") is None
    assert (
        next_page({"link": '<https://api.github.com/x?page=1>; rel="prev"'}, base="https://api.github.com")
        is None
    )
    for url in (
        "https://evil.example/api/v3/x?page=2",
        "https://ghe.example/x?page=2",
        "https://ghe.example/api/v33/x",
        "/api/v3/x",
    ):
        with pytest.raises(Malformed, match="another server"):
            following(url, base="https://ghe.example/api/v3")


@given(JSON)
def test_anything_else_is_malformed(document: Any) -> None:
    for read in (read_comment, read_pull, read_nothing, read_list):
        with suppress(Malformed):
            read(document)
    with suppress(Malformed, GithubError):
        read_authorship(read_graphql(document, ATTEMPT))


@given(
    st.fixed_dictionaries(
        {"id": st.text(max_size=2)}, optional={"viewerDidAuthor": JSON, "author": JSON, "editor": JSON}
    )
)
def test_a_strange_node_never_vouches(node: dict[str, Any]) -> None:
    try:
        said = read_authorship({"nodes": [node]})
    except Malformed:
        return
    assert said[node["id"]].viewer_did_author is node["viewerDidAuthor"]
    assert (
        said[node["id"]].edited_by_other
        or node["editor"] is None
        or node["editor"] == node["author"]
        or (node["editor"]["login"] == node["author"]["login"])
    )
