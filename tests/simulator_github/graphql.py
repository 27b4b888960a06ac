"""The GraphQL API: issue comments, files at a commit, the merge queue, who asks; validated against the part of GitHub's schema below."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import GraphQLError, GraphQLSchema, build_schema, graphql_sync

from tests.simulator_github.graphql_repository import repository
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
interface Minimizable { isMinimized: Boolean! minimizedReason: String }
scalar GitObjectID
interface GitObject { abbreviatedOid: String! id: ID! oid: GitObjectID! }
type Blob implements GitObject & Node {
  abbreviatedOid: String! byteSize: Int! id: ID! isBinary: Boolean isTruncated: Boolean! oid: GitObjectID! text: String
}
type Tree implements GitObject & Node { abbreviatedOid: String! entries: [TreeEntry!] id: ID! oid: GitObjectID! }
type TreeEntry { mode: Int! name: String! object: GitObject oid: GitObjectID! path: String type: String! }
type Commit implements GitObject & Node {
  abbreviatedOid: String! id: ID! message: String! oid: GitObjectID! tree: Tree!
}
enum MergeQueueEntryState { AWAITING_CHECKS LOCKED MERGEABLE QUEUED UNMERGEABLE }
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type MergeQueueEntry implements Node {
  baseCommit: Commit headCommit: Commit id: ID! position: Int! pullRequest: PullRequest state: MergeQueueEntryState!
}
type MergeQueueEntryConnection { nodes: [MergeQueueEntry] pageInfo: PageInfo! totalCount: Int! }
type MergeQueue implements Node {
  entries(after: String, before: String, first: Int, last: Int): MergeQueueEntryConnection id: ID!
}
type PullRequest implements Node {
  baseRefName: String! baseRefOid: GitObjectID! headRefName: String! headRefOid: GitObjectID! id: ID! isDraft: Boolean!
  mergeCommit: Commit merged: Boolean! mergedAt: DateTime number: Int! title: String! url: URI!
}
type Repository implements Node {
  id: ID! nameWithOwner: String!
  mergeQueue(branch: String): MergeQueue
  object(expression: String, oid: GitObjectID): GitObject
  pullRequest(number: Int!): PullRequest
}
enum ReportedContentClassifiers { ABUSE DUPLICATE OFF_TOPIC OUTDATED RESOLVED SPAM }
input MinimizeCommentInput { classifier: ReportedContentClassifiers! clientMutationId: String subjectId: ID! }
type MinimizeCommentPayload { clientMutationId: String minimizedComment: Minimizable }
type Mutation { minimizeComment(input: MinimizeCommentInput!): MinimizeCommentPayload }
type IssueComment implements Node & Minimizable {
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
  minimizedReason: String
  updatedAt: DateTime!
  url: URI!
  viewerDidAuthor: Boolean!
}
type Query {
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  repository(followRenames: Boolean, name: String!, owner: String!): Repository
  viewer: User!
}
"""


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Who asks, whether they may see pull requests and files, and whether they may write comments."""

    login: str
    may_read: bool
    may_write: bool
    may_read_files: bool


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

    def minimise(_info: Any, *, input: dict[str, Any]) -> dict[str, Any]:  # noqa: A002 (the schema's name)
        for comment in world.comments.values():
            if node_id("IC", comment.id) == input["subjectId"]:
                if not viewer.may_write:
                    raise GraphQLError(
                        "Resource not accessible by integration", extensions={"type": "FORBIDDEN"}
                    )
                comment.minimized = input["classifier"].lower()
                return {"minimizedComment": _comment(world, comment, viewer=viewer.login, site=site)}
        raise GraphQLError(
            f"Could not resolve to a node with the global id of '{input['subjectId']}'",
            extensions={"type": "NOT_FOUND"},
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
        root_value={
            "node": node,
            "nodes": nodes,
            "viewer": _viewer(world, viewer.login, site),
            "repository": lambda _info, **names: repository(
                world, site=site, may_read=viewer.may_read, may_read_files=viewer.may_read_files, **names
            ),
            "minimizeComment": minimise,
        },
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
        "isMinimized": comment.minimized is not None,
        "minimizedReason": comment.minimized,
        "lastEditedAt": moment(comment.edited),
        "updatedAt": moment(comment.updated),
        "url": f"{site}/{world.repository}/pull/{comment.pull}#issuecomment-{comment.id}",
        "viewerDidAuthor": comment.author == viewer,
    }


def _viewer(world: World, login: str, site: str) -> dict[str, Any]:
    """A User even where a bot asks, and then its login has `[bot]`."""
    number = world.account_id(login)
    return {
        "__typename": "User",
        "id": node_id("U", number),
        "databaseId": number,
        "login": login,
        "resourcePath": f"/{login}",
        "url": f"{site}/{login}",
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
