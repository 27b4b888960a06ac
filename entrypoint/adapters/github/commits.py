"""Commits, how they relate, and files in them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.reading import (
    read_blob,
    read_branch,
    read_commit,
    read_comparison,
    read_fields,
    read_git_commit,
    read_list,
    read_merge_queue,
)
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.reviews import BlobState, Branch, Commit, Comparison, FileStates, QueueEntry

_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LARGEST_QUERY = 200
"""Files in one query: far below GitHub's limits on a query's cost and size."""
_QUEUE: Final = """
query Queue($owner: String!, $name: String!, $branch: String!) {
  repository(owner: $owner, name: $name) {
    mergeQueue(branch: $branch) {
      entries(first: 100) { nodes { headCommit { oid } baseCommit { oid } pullRequest { number } } }
    }
  }
}
"""


def checked_sha(sha: str) -> str:
    """`sha`, if it has the form of a commit id. It becomes part of a URL. Raises UsageError."""
    if not _SHA.fullmatch(sha):
        raise UsageError(f"{sha!r} is not a commit", hint="GITHUB_SHA is 40 or 64 hex characters.")
    return sha


class Commits:
    """The commits of one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, sha: str) -> Commit:
        """One commit, without its files. Raises NotFound."""
        path, what = f"/git/commits/{checked_sha(sha)}", f"show commit {sha[:12]}"
        return self._client.request("GET", path, what=what, read=read_git_commit, repeat=True)

    def history(self, sha: str, *, pages: int) -> tuple[Commit, ...]:
        """The commits that `sha` contains, itself first: so many pages of 100."""
        what = f"list the commits of {sha[:12]}"
        path = f"/commits?sha={checked_sha(sha)}&per_page=100"
        found: list[Commit] = []
        for page, commits in enumerate(self._client.answers(path, what=what, read=_read_commits), start=1):
            found += commits
            if page == pages:
                break
        return tuple(found)

    def compare(self, base: str, head: str) -> Comparison:
        """base...head, all pages. Raises NotFound if one of them does not exist; Unreachable if the pages lack a commit."""
        what = f"compare {base[:12]} with {head[:12]}"
        path = f"/compare/{checked_sha(base)}...{checked_sha(head)}?per_page=100"
        pages = list(self._client.answers(path, what=what, read=read_comparison))
        found = tuple(commit for page in pages for commit in page.commits)
        if len(found) < pages[0].total:
            raise self._client.incomplete(what)
        return replace(pages[0], commits=found)

    def branch(self, name: str) -> Branch:
        """A branch now. Raises NotFound."""
        path, what = f"/branches/{quote(name, safe='')}", f"show branch {name}"
        return self._client.request("GET", path, what=what, read=read_branch, repeat=True)

    def files(self, wanted: Sequence[tuple[str, str]]) -> FileStates:
        """The file at each (commit, path)."""
        found: dict[tuple[str, str], BlobState | None] = {}
        distinct = list(dict.fromkeys(wanted))
        for start in range(0, len(distinct), _LARGEST_QUERY):
            batch = distinct[start : start + _LARGEST_QUERY]
            found |= self._files(batch)
        return found

    def merge_queue(self, branch: str) -> tuple[QueueEntry, ...]:
        """The entries of the branch's merge queue, in their order."""
        owner, name = self._client.repository.split("/")
        variables = {"owner": owner, "name": name, "branch": branch}
        return self._client.graphql(_QUEUE, variables, what="show the merge queue", read=read_merge_queue)

    def _files(self, batch: Sequence[tuple[str, str]]) -> dict[tuple[str, str], BlobState | None]:
        owner, name = self._client.repository.split("/")
        expressions = {f"e{index}": f"{checked_sha(sha)}:{path}" for index, (sha, path) in enumerate(batch)}
        declared = "".join(f", ${name}: String!" for name in expressions)
        aliases = "".join(f"    {name}: object(expression: ${name}) {{ ...File }}\n" for name in expressions)
        query = (
            f"query Files($owner: String!, $name: String!{declared}) {{\n"
            f"  repository(owner: $owner, name: $name) {{\n{aliases}  }}\n}}\n"
            "fragment File on GitObject { __typename oid ... on Blob { text isTruncated isBinary } }\n"
        )

        def read(data: Mapping[str, object]) -> dict[tuple[str, str], BlobState | None]:
            found = read_fields(data.get("repository"), expressions)
            return {key: read_blob(found[name]) for key, name in zip(batch, expressions, strict=True)}

        variables = {"owner": owner, "name": name, **expressions}
        return self._client.graphql(query, variables, what="show the files of the commits", read=read)


def _read_commits(answer: object) -> list[Commit]:
    return [read_commit(item) for item in read_list(answer)]
