"""GitHub's JSON → types of kernel/reviews.py. Raises Malformed for any other shape than GitHub documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from urllib.parse import urlsplit

from entrypoint.adapters.github.failures import Attempt, Malformed, graphql_failure
from entrypoint.kernel.reviews import (
    Account,
    BlobState,
    Branch,
    Comment,
    Commit,
    CommitStatus,
    Comparison,
    PullRequest,
    QueueEntry,
)

_ISSUE = re.compile(r"/issues/(\d{1,12})$")


def read_comment(answer: object) -> Comment:
    """An issue comment. `user` is null if the account was deleted."""
    document = _object(answer)
    user = document.get("user")
    issue = _ISSUE.search(_text(document.get("issue_url")))
    if issue is None:
        raise Malformed("the answer has a comment without an issue")
    return Comment(
        id=_whole(document.get("id")),
        node_id=_text(document.get("node_id")),
        url=_text(document.get("html_url")),
        pull=int(issue.group(1)),
        body=_text(document.get("body") or ""),
        author="" if user is None else _text(_object(user).get("login")),
        author_id=None if user is None else _whole(_object(user).get("id")),
    )


def read_status(answer: object) -> CommitStatus:
    """A commit status. `creator` is null if the account was deleted."""
    document = _object(answer)
    creator = document.get("creator")
    return CommitStatus(
        id=_whole(document.get("id")),
        context=_text(document.get("context")),
        state=_text(document.get("state")),
        description=_text(document.get("description") or ""),
        creator_id=None if creator is None else _whole(_object(creator).get("id")),
        created_at=_moment(document.get("created_at")),
    )


def read_pull(answer: object) -> PullRequest:
    """A pull request, from a list or by itself."""
    document = _object(answer)
    head, base = _object(document.get("head")), _object(document.get("base"))
    sha, merged, commits = (document.get(name) for name in ("merge_commit_sha", "merged_at", "commits"))
    return PullRequest(
        number=_whole(document.get("number")),
        title=_text(document.get("title")),
        head_sha=_text(head.get("sha")),
        head_repository="" if head.get("repo") is None else _text(_object(head["repo"]).get("full_name")),
        base_ref=_text(base.get("ref")),
        base_repository=_text(_object(base.get("repo")).get("full_name")),
        is_open=_text(document.get("state")) == "open",
        merged_at=None if merged is None else _moment(merged),
        merge_commit_sha=None if sha is None else _text(sha),
        updated_at=_moment(document.get("updated_at")),
        commits=None if commits is None else _whole(commits),
    )


def read_commit(answer: object) -> Commit:
    """A commit from a list or a comparison."""
    document = _object(answer)
    git = _object(document.get("commit"))
    author, account = _object(git.get("author") or {}), document.get("author")
    login = _object(account).get("login") if account is not None else None
    return Commit(
        sha=_text(document.get("sha")),
        tree=_text(_object(git.get("tree")).get("sha")),
        parents=_parents(document),
        title=_title(git),
        author=_text(login or author.get("name") or ""),
        committed_at=_committed_at(git),
    )


def read_git_commit(answer: object) -> Commit:
    """A commit from the Git database API."""
    document = _object(answer)
    return Commit(
        sha=_text(document.get("sha")),
        tree=_text(_object(document.get("tree")).get("sha")),
        parents=_parents(document),
        title=_title(document),
        author=_text(_object(document.get("author") or {}).get("name") or ""),
        committed_at=_committed_at(document),
    )


def read_comparison(answer: object) -> Comparison:
    """One page of a comparison."""
    document = _object(answer)
    return Comparison(
        status=_text(document.get("status")),
        merge_base=_text(_object(document.get("merge_base_commit")).get("sha")),
        commits=tuple(read_commit(commit) for commit in read_list(document.get("commits"))),
        total=_whole(document.get("total_commits")),
    )


def read_branch(answer: object) -> Branch:
    """A branch."""
    document = _object(answer)
    return Branch(
        name=_text(document.get("name")),
        sha=_text(_object(document.get("commit")).get("sha")),
        is_protected=_truth(document.get("protected")),
    )


def read_viewer(data: Mapping[str, object]) -> Account:
    """The account of the token."""
    viewer = _object(data.get("viewer"))
    return Account(id=_whole(viewer.get("databaseId")), login=_text(viewer.get("login")))


def read_fields(value: object, names: Iterable[str]) -> dict[str, object]:
    """Fields that must all be there. A repository that the token cannot see is null, and must not pass for missing files."""
    document = _object(value)
    if any(name not in document for name in names):
        raise Malformed("the answer lacks a field")
    return {name: document[name] for name in names}


def read_merge_queue(data: Mapping[str, object]) -> tuple[QueueEntry, ...]:
    """`repository { mergeQueue { entries { nodes {…} } } }`; a branch without a queue has no entries."""
    queue = read_fields(data.get("repository"), ("mergeQueue",))["mergeQueue"]
    if queue is None:
        return ()
    nodes = read_list(_object(_object(queue).get("entries")).get("nodes"))
    return tuple(_queue_entry(_object(node)) for node in nodes if node is not None)


def _queue_entry(node: Mapping[str, object]) -> QueueEntry:
    commit, pull = node.get("headCommit"), node.get("pullRequest")
    return QueueEntry(
        commit=None if commit is None else _text(_object(commit).get("oid")),
        pull=None if pull is None else _whole(_object(pull).get("number")),
    )


def read_blob(value: object) -> BlobState | None:
    """`object(expression: "SHA:path")`; null if the file does not exist. None also for a folder."""
    if value is None:
        return None
    document = _object(value)
    if document.get("__typename") != "Blob":
        return None
    text, is_whole = document.get("text"), document.get("isTruncated") is False
    is_text = document.get("isBinary") is False and isinstance(text, str)
    return BlobState(oid=_text(document.get("oid")), text=_text(text) if is_text and is_whole else None)


def _parents(document: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(_text(_object(parent).get("sha")) for parent in read_list(document.get("parents")))


def _title(document: Mapping[str, object]) -> str:
    return _text(document.get("message") or "").split("\n", maxsplit=1)[0]


def _committed_at(git: Mapping[str, object]) -> int:
    """When a commit was made; 0 if that cannot be read. Its author's computer sets it, so it may be anything, the year 10000 as well."""
    try:
        return _moment(_object(git.get("committer") or {}).get("date"))
    except Malformed:
        return 0


def _moment(value: object) -> int:
    """Seconds since 1970 of `2026-11-27T12:30:42Z`."""
    try:
        found = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise Malformed("the answer lacks a time") from error
    if found.tzinfo is None:
        raise Malformed("the answer has a time without a time zone")
    return int(found.timestamp())


def read_nothing(answer: object) -> None:
    """The empty body of a 204."""
    if answer is not None:
        raise Malformed("the answer has an unexpected body")


def read_list(answer: object) -> list[object]:
    """A list. An empty answer is no empty list."""
    if not isinstance(answer, list):
        raise Malformed("the answer lacks a list")
    return answer


def next_page(headers: Mapping[str, object], *, base: str) -> str | None:
    """The path of the next page, from the Link header (RFC 8288). Raises Malformed if it is on another server than `base`."""
    from requests.utils import parse_header_links

    for link in parse_header_links(str(headers.get("link") or "")):
        if link.get("rel") == "next":
            here, there = urlsplit(base), urlsplit(link["url"])
            if there.hostname != here.hostname or not there.path.startswith(f"{here.path}/"):
                raise Malformed("the answer points to another server")
            return f"{there.path.removeprefix(here.path)}?{there.query}"
    return None


def read_graphql(answer: object, attempt: Attempt) -> Mapping[str, object]:
    """`data` of an answer. Raises its errors, except for nodes that were not found."""
    document = _object(answer)
    errors = document.get("errors") or []
    if not isinstance(errors, list) or any(_object(error).get("type") != "NOT_FOUND" for error in errors):
        raise graphql_failure(errors, attempt)
    return _object(document.get("data"))


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise Malformed("the answer has another shape than GitHub documents")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("the answer lacks a text")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed("the answer lacks a number")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Malformed("the answer lacks true or false")
    return value
