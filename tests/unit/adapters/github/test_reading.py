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
    read_blob,
    read_branch,
    read_comment,
    read_commit,
    read_comparison,
    read_fields,
    read_git_commit,
    read_graphql,
    read_list,
    read_merge_queue,
    read_nothing,
    read_pull,
    read_status,
    read_viewer,
)
from entrypoint.kernel.review_errors import GithubError
from entrypoint.kernel.reviews import Account, BlobState, Comment
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
    "title": "A change",
    "state": "closed",
    "merged_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:01Z",
    "merge_commit_sha": "b" * 40,
    "base": {"ref": "main", "repo": {"full_name": "Octo/Shop"}},
    "head": {"sha": "a" * 40, "repo": {"full_name": "mona/shop"}},
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
        "viewer",
        "databaseId",
        "repository",
        "mergeQueue",
        "entries",
        "commit",
        "tree",
        "parents",
        "created_at",
        "creator",
        "issue_url",
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


def test_a_pull_request() -> None:
    found = read_pull(PULL)
    assert (found.number, found.merge_commit_sha, found.base_ref) == (7, "b" * 40, "main")
    assert (found.head_sha, found.head_repository, found.base_repository) == (
        "a" * 40,
        "mona/shop",
        "Octo/Shop",
    )
    assert (found.merged_at, found.updated_at) == (1_767_225_600, 1_767_225_601)
    assert (found.is_open, found.commits) == (False, None)
    alone = read_pull({**PULL, "merged_at": None, "state": "open", "commits": 3, "merge_commit_sha": None})
    assert (alone.is_open, alone.merged_at, alone.commits, alone.merge_commit_sha) == (True, None, 3, None)
    assert read_pull({**PULL, "head": {"sha": "a" * 40, "repo": None}}).head_repository == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"base": None},
        {"base": {"ref": "main", "repo": None}},
        {"head": {}},
        {"number": "7"},
        {"merge_commit_sha": 1},
        {"merged_at": "yesterday"},
        {"merged_at": "2026-01-01T00:00:00"},
        {"updated_at": None},
        {"commits": "3"},
    ],
)
def test_not_a_pull_request(changed: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_pull({**PULL, **changed})


STATUS: dict[str, Any] = {
    "id": 9,
    "context": "flightplan/x",
    "state": "success",
    "description": None,
    "creator": {"id": 3},
    "created_at": "2026-01-01T00:00:00Z",
}


def test_a_status() -> None:
    found = read_status(STATUS)
    assert (found.id, found.state, found.description, found.creator_id) == (9, "success", "", 3)
    assert found.created_at == 1_767_225_600
    assert read_status({**STATUS, "creator": None}).creator_id is None
    wrong: tuple[dict[str, Any], ...] = ({"creator": {}}, {"created_at": 7}, {"id": None}, {"state": None})
    for changed in wrong:
        with pytest.raises(Malformed):
            read_status({**STATUS, **changed})


@pytest.mark.parametrize(
    "committer", [None, {}, {"date": None}, {"date": "10000-01-01T00:00:00Z"}, {"date": 7}]
)
def test_a_commit_may_have_any_time(committer: Any) -> None:
    """Whoever makes it decides: one that cannot be read must not stop every deploy after it."""
    git = {"committer": committer, "author": None, "tree": {"sha": "t"}, "message": "x", "parents": []}
    assert read_git_commit({"sha": "a", **git}).committed_at == 0
    assert read_commit({"sha": "a", "author": None, "parents": [], "commit": git}).committed_at == 0


def test_whose_token_it_is() -> None:
    assert read_viewer({"viewer": {"login": "ci", "databaseId": 3}}) == Account(id=3, login="ci")
    for viewer in (None, {"login": "ci", "databaseId": None}, {"databaseId": 3}):
        with pytest.raises(Malformed):
            read_viewer({"viewer": viewer})


def test_a_file_or_none() -> None:
    blob = {"__typename": "Blob", "oid": "1", "text": "x", "isTruncated": False, "isBinary": False}
    assert read_blob(blob) == BlobState(oid="1", text="x")
    assert read_blob(None) is None
    assert read_blob({"__typename": "Tree", "oid": "2"}) is None
    for changed in ({"isTruncated": True}, {"isBinary": True}, {"isBinary": None}, {"text": None}):
        assert read_blob({**blob, **changed}) == BlobState(oid="1", text=None)
    with pytest.raises(Malformed):
        read_fields({"e0": None}, ("e0", "e1"))
    with pytest.raises(Malformed):
        read_fields(None, ())


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
    readers = (
        read_comment,
        read_pull,
        read_status,
        read_commit,
        read_git_commit,
        read_comparison,
        read_branch,
        read_blob,
        read_nothing,
        read_list,
    )
    for read in readers:
        with suppress(Malformed):
            read(document)
    for read_data in (read_viewer, read_merge_queue):
        with suppress(Malformed, GithubError):
            read_data(read_graphql(document, ATTEMPT))
