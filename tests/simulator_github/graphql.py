"""The GraphQL API: nodes that are issue comments, validated against a schema of the fields we know to be GitHub's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from tests.simulator_github.shapes import moment, node_id
from tests.simulator_github.world import Comment, World

SCHEMA = """
scalar DateTime
scalar URI
scalar BigInt
"An object with an ID."
interface Node { id: ID! }
"Who takes actions: a User, a Bot …"
interface Actor { login: String! resourcePath: URI! url: URI! }
type Bot implements Actor & Node { id: ID! databaseId: Int login: String! resourcePath: URI! url: URI! }
type User implements Actor & Node { id: ID! databaseId: Int login: String! resourcePath: URI! url: URI! }
type IssueComment implements Node {
  id: ID!
  databaseId: Int
  fullDatabaseId: BigInt
  author: Actor
  body: String!
  createdAt: DateTime!
  createdViaEmail: Boolean!
  editor: Actor
  includesCreatedEdit: Boolean!
  isMinimized: Boolean!
  lastEditedAt: DateTime
  updatedAt: DateTime!
  url: URI!
  viewerDidAuthor: Boolean!
}
type Query { node(id: ID!): Node nodes(ids: [ID!]!): [Node]! }
"""


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who asks, and whether they may see pull requests."""

    login: str
    may_read: bool


@lru_cache(maxsize=1)
def _schema() -> GraphQLSchema:
    return build_schema(SCHEMA)


def execute(world: World, *, viewer: Viewer, site: str, document: Any) -> dict[str, Any]:
    """The answer's JSON; GitHub answers 200 whatever is wrong with the query."""
    if not isinstance(document, dict) or not isinstance(document.get("query"), str):
        return {"errors": [{"message": "A query attribute must be specified and must be a string."}]}

    def node(_info: Any, *, id: str) -> dict[str, Any]:  # noqa: A002 (the schema's name)
        for comment in world.comments.values():
            if node_id("IC", comment.id) == id and not viewer.may_read:
                raise GraphQLError("Resource not accessible by integration", extensions={"type": "FORBIDDEN"})
            if node_id("IC", comment.id) == id:
                return _comment(world, comment, viewer=viewer.login, site=site)
        raise GraphQLError(
            f"Could not resolve to a node with the global id of '{id}'", extensions={"type": "NOT_FOUND"}
        )

    def nodes(info: Any, *, ids: list[str]) -> list[Any]:
        if len(ids) > 100:
            raise GraphQLError(
                f"You may not provide more than 100 node ids; you provided {len(ids)}.",
                extensions={"type": "ARGUMENT_LIMIT"},
            )
        return [_attempt(node, info, name) for name in ids]

    result = graphql_sync(
        _schema(),
        document["query"],
        root_value={"node": node, "nodes": nodes},
        variable_values=document.get("variables") or None,
        operation_name=document.get("operationName"),
    )
    answer: dict[str, Any] = {}
    if result.data is not None:
        answer["data"] = result.data
    if result.errors:
        answer["errors"] = [_error(error) for error in result.errors]
    return answer


def _attempt(resolve: Callable[..., Any], info: Any, name: str) -> Any:
    """A list item that is an exception becomes null, and its error is listed with its path."""
    try:
        return resolve(info, id=name)
    except GraphQLError as error:
        return error


def _error(error: GraphQLError) -> dict[str, Any]:
    """GitHub puts `type` beside the message, not into extensions."""
    written = {key: value for key, value in error.formatted.items() if key != "extensions"}
    extensions = error.extensions or {}
    return {"type": extensions["type"], **written} if "type" in extensions else written


def _comment(world: World, comment: Comment, *, viewer: str, site: str) -> dict[str, Any]:
    return {
        "__typename": "IssueComment",
        "id": node_id("IC", comment.id),
        "databaseId": None,
        "fullDatabaseId": str(comment.id),
        "author": _actor(world, comment.author, site),
        "body": comment.body,
        "createdAt": moment(comment.created),
        "createdViaEmail": False,
        "editor": _actor(world, comment.editor, site),
        "includesCreatedEdit": comment.edited is not None,
        "isMinimized": False,
        "lastEditedAt": moment(comment.edited),
        "updatedAt": moment(comment.updated),
        "url": f"{site}/{world.repository}/pull/{comment.pull}#issuecomment-{comment.id}",
        "viewerDidAuthor": comment.author == viewer,
    }


def _actor(world: World, login: str | None, site: str) -> dict[str, Any] | None:
    """GraphQL writes a bot's login without `[bot]`."""
    if login is None:
        return None
    number, bare = world.account_id(login), login.removesuffix("[bot]")
    return {
        "__typename": "User" if bare == login else "Bot",
        "id": node_id("U" if bare == login else "BOT", number),
        "databaseId": number,
        "login": bare,
        "resourcePath": f"/{bare}",
        "url": f"{site}/{bare}",
    }
