"""The REST operations: each takes a Call and gives status, JSON and headers, or raises Trouble."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.simulator_github import graphql
from tests.simulator_github.shapes import Shapes
from tests.simulator_github.world import Token, Trouble, World


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an operation may look at. `base` and `path` are those of the URL that was asked."""

    world: World
    shapes: Shapes
    token: Token | None
    path: Mapping[str, Any]
    query: Mapping[str, str]
    body: Any
    url: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes back. `document` None: no body."""

    status: int = 200
    document: Any = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A name for faults and journal, where it lives, and what it needs (permission, level)."""

    name: str
    method: str
    path: str
    needs: tuple[str, str]
    run: Callable[[Call], Answer]


def list_comments(call: Call) -> Answer:
    return _page(call, [call.shapes.comment(c) for c in call.world.comments_of(call.path["number"])])


def create_comment(call: Call) -> Answer:
    comment = call.world.add_comment(call.path["number"], author=_login(call), body=_body(call))
    document = call.shapes.comment(comment)
    return Answer(status=201, document=document, headers={"location": document["url"]})


def get_comment(call: Call) -> Answer:
    return Answer(document=call.shapes.comment(call.world.comment(call.path["number"])))


def edit_comment(call: Call) -> Answer:
    comment = call.world.edit_comment(call.path["number"], editor=_login(call), body=_body(call))
    return Answer(document=call.shapes.comment(comment))


def delete_comment(call: Call) -> Answer:
    call.world.delete_comment(call.path["number"])
    return Answer(status=204)


def get_pull(call: Call) -> Answer:
    return Answer(document=call.shapes.full_pull(call.world.pull(call.path["number"])))


def commit_pulls(call: Call) -> Answer:
    return _page(call, [call.shapes.pull(pull) for pull in call.world.pulls_with(call.path["sha"])])


def get_repository(call: Call) -> Answer:
    return Answer(document=call.shapes.full_repository())


def get_user(call: Call) -> Answer:
    if call.token is None or call.token.installation:
        raise Trouble(403, "Resource not accessible by integration")
    return Answer(document=call.shapes.user(call.token.login) | _PROFILE)


def run_graphql(call: Call) -> Answer:
    if call.token is None:
        raise Trouble(401, "This endpoint requires you to be authenticated.")
    may_read = not call.world.private or call.token.permissions.get("pull-requests", "none") != "none"
    viewer = graphql.Viewer(login=call.token.login, may_read=may_read)
    return Answer(
        document=graphql.execute(call.world, viewer=viewer, site=call.shapes.site, document=call.body)
    )


_PROFILE = {
    **dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name")),
    **dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0),
    **dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z"),
    "user_view_type": "public",
}
_READ, _WRITE = ("pull-requests", "read"), ("pull-requests", "write")
_REPO = "/repos/{owner}/{repo}"

OPERATIONS = (
    Operation(
        name="list-comments",
        method="GET",
        path=f"{_REPO}/issues/{{number:int}}/comments",
        needs=_READ,
        run=list_comments,
    ),
    Operation(
        name="create-comment",
        method="POST",
        path=f"{_REPO}/issues/{{number:int}}/comments",
        needs=_WRITE,
        run=create_comment,
    ),
    Operation(
        name="get-comment",
        method="GET",
        path=f"{_REPO}/issues/comments/{{number:int}}",
        needs=_READ,
        run=get_comment,
    ),
    Operation(
        name="edit-comment",
        method="PATCH",
        path=f"{_REPO}/issues/comments/{{number:int}}",
        needs=_WRITE,
        run=edit_comment,
    ),
    Operation(
        name="delete-comment",
        method="DELETE",
        path=f"{_REPO}/issues/comments/{{number:int}}",
        needs=_WRITE,
        run=delete_comment,
    ),
    Operation(name="get-pull", method="GET", path=f"{_REPO}/pulls/{{number:int}}", needs=_READ, run=get_pull),
    Operation(
        name="commit-pulls",
        method="GET",
        path=f"{_REPO}/commits/{{sha}}/pulls",
        needs=_READ,
        run=commit_pulls,
    ),
    Operation(
        name="get-repository", method="GET", path=_REPO, needs=("metadata", "read"), run=get_repository
    ),
    Operation(name="get-user", method="GET", path="/user", needs=("metadata", "read"), run=get_user),
)
GRAPHQL = Operation(
    name="graphql", method="POST", path="/graphql", needs=("metadata", "read"), run=run_graphql
)


def _login(call: Call) -> str:
    if call.token is None:
        raise Trouble(401, "Requires authentication")
    return call.token.login


def _body(call: Call) -> Any:
    if not isinstance(call.body, dict):
        raise Trouble(400, "Problems parsing JSON")
    return call.body.get("body")


def _page(call: Call, items: list[Any]) -> Answer:
    """One page, with Link as GitHub writes it: repository by number, other parameters kept."""
    size = min(max(_whole(call.query.get("per_page"), 30), 1), 100)
    page = max(_whole(call.query.get("page"), 1), 1)
    last = max(-(-len(items) // size), 1)
    links = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    written = [
        f'<{call.url}?{urlencode({**call.query, "page": number})}>; rel="{name}"'
        for name, number in links.items()
        if (page > 1 if name in ("prev", "first") else page < last)
    ]
    return Answer(
        document=items[(page - 1) * size : page * size],
        headers={"link": ", ".join(written)} if written else None,
    )


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise
