"""From GitHub's JSON to kernel.reviews. Anything of another shape than GitHub documents is Malformed."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from entrypoint.adapters.github.failures import Attempt, Malformed, graphql_failure
from entrypoint.kernel.reviews import Authorship, Comment, MergedPull


def read_comment(answer: object) -> Comment:
    """An issue comment. `user` is null where the account is gone."""
    document = _object(answer)
    user = document.get("user")
    return Comment(
        id=_whole(document.get("id")),
        node_id=_text(document.get("node_id")),
        url=_text(document.get("html_url")),
        body=_text(document.get("body") or ""),
        author="" if user is None else _text(_object(user).get("login")),
    )


def read_merged(answer: object, *, base: str, repository: str) -> MergedPull | None:
    """A pull request, if it is merged into `base` of `repository`: lists hold others, too."""
    document = _object(answer)
    target = _object(document.get("base"))
    name = _text(_object(target.get("repo")).get("full_name"))
    if document.get("merged_at") is None or target.get("ref") != base or name.lower() != repository.lower():
        return None
    sha = document.get("merge_commit_sha")
    return MergedPull(
        number=_whole(document.get("number")),
        merge_commit_sha=None if sha is None else _text(sha),
        base_ref=base,
        head_sha=_text(_object(document.get("head")).get("sha")),
    )


def read_is_merged(answer: object) -> bool:
    """Of one pull request; `merged_at` is null until then."""
    document = _object(answer)
    if "merged_at" not in document:
        raise Malformed("an answer without what was asked for")
    return document["merged_at"] is not None


def read_nothing(answer: object) -> None:
    """The empty body of a 204."""
    if answer is not None:
        raise Malformed("an answer where none was due")


def read_list(answer: object) -> list[object]:
    """A list; no answer at all is not an empty one."""
    if not isinstance(answer, list):
        raise Malformed("no list where one was due")
    return answer


def next_page(headers: Mapping[str, object], *, base: str) -> str | None:
    """The path of the next page, by the Link header (RFC 8288), on the server that `base` names and on no other."""
    from requests.utils import parse_header_links

    for link in parse_header_links(str(headers.get("link") or "")):
        if link.get("rel") == "next":
            here, there = urlsplit(base), urlsplit(link["url"])
            if there.hostname != here.hostname or not there.path.startswith(f"{here.path}/"):
                raise Malformed("an answer that points to another server")
            return f"{there.path.removeprefix(here.path)}?{there.query}"
    return None


def read_graphql(answer: object, attempt: Attempt) -> Mapping[str, object]:
    """`data`. Errors are raised, except that single nodes were not found."""
    document = _object(answer)
    errors = document.get("errors") or []
    if not isinstance(errors, list) or any(_object(error).get("type") != "NOT_FOUND" for error in errors):
        raise graphql_failure(errors, attempt)
    return _object(document.get("data"))


def read_authorship(data: Mapping[str, object]) -> dict[str, Authorship]:
    """By node id, from `nodes { id viewerDidAuthor author {…} editor {…} }`. A node that was not found is null."""
    nodes = [_object(node) for node in read_list(data.get("nodes")) if node is not None]
    return {
        _text(node["id"]): Authorship(
            viewer_did_author=_truth(node.get("viewerDidAuthor")),
            edited_by_other=_edited_by_other(node),
        )
        for node in nodes
        if "id" in node
    }


def _edited_by_other(node: Mapping[str, object]) -> bool:
    """`editor` is who edited last; null: nobody did."""
    if "editor" not in node:
        raise Malformed("an answer without what was asked for")
    editor = _actor(node["editor"])
    return editor is not None and editor != _actor(node.get("author"))


def _actor(value: object) -> tuple[str, str] | None:
    """Kind and login: a user and a bot may have the same login. A deleted account is null."""
    if value is None:
        return None
    actor = _object(value)
    return _text(actor.get("__typename") or ""), _text(actor.get("login"))


def _object(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise Malformed("an answer of another shape than GitHub documents")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed("no text where one was due")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed("no number where one was due")
    return value


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Malformed("neither true nor false where one was due")
    return value
