"""From what PyGithub and GraphQL answer to kernel.reviews. What has another shape raises ValueError or TypeError."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from entrypoint.adapters.github.failures import Attempt, graphql_failure
from entrypoint.kernel.reviews import Authorship, Comment, MergedPull

if TYPE_CHECKING:
    from github.IssueComment import IssueComment
    from github.NamedUser import NamedUser
    from github.Organization import Organization
    from github.PullRequest import PullRequest


def read_comment(comment: IssueComment) -> Comment:
    """A comment of the REST API."""
    user: NamedUser | Organization | None = comment.user  # null where the account is gone
    return Comment(
        id=_whole(comment.id),
        node_id=_text(comment.node_id),
        url=_text(comment.html_url),
        body=_text(comment.body or ""),
        author="" if user is None else _text(user.login),
    )


def read_merged(pull: PullRequest) -> MergedPull:
    """A pull request that is merged."""
    sha = pull.merge_commit_sha
    return MergedPull(
        number=_whole(pull.number),
        merge_commit_sha=_text(sha) if sha else None,
        base_ref=_text(pull.base.ref),
        head_sha=_text(pull.head.sha),
    )


def read_graphql(answer: object, attempt: Attempt) -> Mapping[str, object]:
    """`data`. Errors are raised, except that single nodes were not found."""
    document = _object(answer)
    errors = document.get("errors") or []
    if not isinstance(errors, list) or any(_object(error).get("type") != "NOT_FOUND" for error in errors):
        raise graphql_failure(errors, attempt)
    return _object(document.get("data"))


def read_authorship(data: Mapping[str, object]) -> dict[str, Authorship]:
    """By node id, from `nodes { id viewerDidAuthor author {…} editor {…} }`."""
    nodes = data.get("nodes")
    if not isinstance(nodes, list):
        raise TypeError("nodes is not a list")
    return {
        _text(node["id"]): Authorship(
            viewer_did_author=node["viewerDidAuthor"] is True,
            edited_by_other=node["editor"] is not None and _actor(node["editor"]) != _actor(node["author"]),
        )
        for node in nodes
        if isinstance(node, Mapping) and "id" in node
    }


def _actor(value: object) -> tuple[str, str] | None:
    """A user and a bot may have the same login; a deleted account is null."""
    if value is None:
        return None
    actor = _object(value)
    return _text(actor.get("__typename") or ""), _text(actor["login"])


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise TypeError("not an object")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a whole number")
    return value
