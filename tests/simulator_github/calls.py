"""The arguments and the answer of an operation, and how a list is cut into pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.simulator_github.shapes_git import GitShapes
from tests.simulator_github.world import Token, Trouble, World


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an operation may look at. `base` and `path` are those of the URL that was asked."""

    world: World
    shapes: GitShapes
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


def login(call: Call) -> str:
    """Who asks."""
    if call.token is None:
        raise Trouble(401, "Requires authentication")
    return call.token.login


def fields(call: Call) -> dict[str, Any]:
    """The body, which must be an object."""
    if not isinstance(call.body, dict):
        raise Trouble(400, "Problems parsing JSON")
    return call.body


def page_of(call: Call, items: list[Any], *, usual: int = 30) -> Answer:
    """One page, with Link as GitHub writes it: repository by number, other parameters kept."""
    size = min(max(_whole(call.query.get("per_page"), usual), 1), max(100, usual))
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
