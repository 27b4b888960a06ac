"""What GraphQL tells of a repository: objects by expression, pull requests, the merge queue."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from tests.simulator_github.commits import resolve
from tests.simulator_github.git import MODULE
from tests.simulator_github.shapes import moment, node_id
from tests.simulator_github.world import QueueEntry, World

LONGEST_TEXT = 512 * 1024
"""Bytes of a blob's `text` before GitHub cuts it and says isTruncated."""


def repository(
    world: World, *, site: str, may_read: bool, may_read_files: bool, owner: str, name: str, **_more: Any
) -> dict[str, Any]:
    """The fields of `repository(owner, name)`."""
    if f"{owner}/{name}".lower() != world.repository.lower():
        raise GraphQLError(
            f"Could not resolve to a Repository with the name '{owner}/{name}'.",
            extensions={"type": "NOT_FOUND"},
        )

    def git_object(_info: Any, *, expression: str | None = None, oid: str | None = None) -> Any:
        if not may_read_files:
            raise _forbidden()
        return _object(world, expression if expression is not None else oid or "")

    def pull_request(_info: Any, *, number: int) -> Any:
        if not may_read:
            raise _forbidden()
        if number not in world.pulls:
            raise GraphQLError(
                f"Could not resolve to a PullRequest with the number of {number}.",
                extensions={"type": "NOT_FOUND"},
            )
        return _pull(world, number, site)

    def merge_queue(_info: Any, *, branch: str | None = None) -> Any:
        name = branch or world.default_branch
        if name not in world.queues:
            return None
        return {
            "__typename": "MergeQueue",
            "id": f"MQ_{name}",
            "entries": lambda _info, **cut: _entries(world, name, site, **cut),
        }

    return {
        "id": "R_500",
        "nameWithOwner": world.repository,
        "object": git_object,
        "pullRequest": pull_request,
        "mergeQueue": merge_queue,
    }


def _object(world: World, expression: str) -> dict[str, Any] | None:
    """`REVISION` or `REVISION:path`. A submodule's commit is not in this repository: null."""
    revision, colon, path = expression.partition(":")
    sha = resolve(world, revision)
    if sha is None:
        return None
    if not colon:
        return _commit(world, sha)
    files, path = world.git.files(sha), path.strip("/")
    if path in files:
        return None if files[path].mode == MODULE else _blob(world, files[path].oid)
    below = {p.removeprefix(f"{path}/" if path else ""): e for p, e in files.items() if p.startswith(path)}
    if path and not any(p.startswith(f"{path}/") for p in files):
        return None
    return _tree(world, path, below)


def _commit(world: World, sha: str) -> dict[str, Any]:
    info = world.git.info(sha)
    return {
        "__typename": "Commit",
        **_ids(sha),
        "message": info.message,
        "tree": {"__typename": "Tree", **_ids(info.tree), "entries": []},
    }


def _blob(world: World, oid: str) -> dict[str, Any]:
    data = world.git.read(oid)
    text: str | None
    try:
        text = None if b"\0" in data else data[:LONGEST_TEXT].decode()
    except UnicodeDecodeError:
        text = None
    return {
        "__typename": "Blob",
        **_ids(oid),
        "byteSize": len(data),
        "isBinary": text is None,
        "isTruncated": len(data) > LONGEST_TEXT,
        "text": text,
    }


def _tree(world: World, path: str, below: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "name": name,
            "path": f"{path}/{name}" if path else name,
            "mode": entry.mode,
            "oid": entry.oid,
            "type": "commit" if entry.mode == MODULE else "blob",
            "object": None if entry.mode == MODULE else _blob(world, entry.oid),
        }
        for name, entry in below.items()
        if "/" not in name
    ]
    return {"__typename": "Tree", **_ids("0" * 40), "entries": entries}


def _pull(world: World, number: int, site: str) -> dict[str, Any]:
    pull = world.pulls[number]
    landed = pull.merge_commit_sha if pull.merged is not None else None
    return {
        "__typename": "PullRequest",
        "id": node_id("PR", number),
        "number": number,
        "title": pull.title,
        "isDraft": pull.draft,
        "merged": pull.merged is not None,
        "mergedAt": moment(pull.merged),
        "mergeCommit": _commit(world, landed) if landed and landed in world.git else None,
        "headRefName": pull.head_ref,
        "headRefOid": pull.head_sha,
        "baseRefName": pull.base_ref,
        "baseRefOid": pull.base_sha,
        "url": f"{site}/{world.repository}/pull/{number}",
    }


def _entries(
    world: World, branch: str, site: str, *, first: int | None = None, after: str | None = None, **_more: Any
) -> dict[str, Any]:
    queue = world.queues[branch]
    begin = int(after) if after else 0
    end = begin + min(first or 100, 100)
    return {
        "nodes": [_entry(world, entry, begin + i + 1, site) for i, entry in enumerate(queue[begin:end])],
        "totalCount": len(queue),
        "pageInfo": {
            "endCursor": str(min(end, len(queue))) if queue else None,
            "startCursor": str(begin) if queue else None,
            "hasNextPage": end < len(queue),
            "hasPreviousPage": begin > 0,
        },
    }


def _entry(world: World, entry: QueueEntry, position: int, site: str) -> dict[str, Any]:
    return {
        "__typename": "MergeQueueEntry",
        "id": f"MQE_{entry.pull}",
        "position": position,
        "state": entry.state,
        "headCommit": _commit(world, entry.head),
        "baseCommit": _commit(world, entry.base),
        "pullRequest": _pull(world, entry.pull, site),
    }


def _ids(oid: str) -> dict[str, Any]:
    return {"id": f"GO_{oid}", "oid": oid, "abbreviatedOid": oid[:7]}


def _forbidden() -> GraphQLError:
    return GraphQLError("Resource not accessible by integration", extensions={"type": "FORBIDDEN"})
