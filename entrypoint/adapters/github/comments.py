"""Comments on pull requests: list, post exactly once, edit, delete, and who wrote them."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.reading import read_authorship, read_comment
from entrypoint.kernel.review_errors import NotFound, Unreachable
from entrypoint.kernel.reviews import Authorship, Comment

if TYPE_CHECKING:
    from github.IssueComment import IssueComment
    from github.Repository import Repository

_AUTHORSHIP: Final = """
query Authorship($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on IssueComment {
      id
      viewerDidAuthor
      author { __typename login }
      editor { __typename login }
    }
  }
}
"""
_LARGEST_QUERY = 100
"""Nodes that GitHub gives for one query."""
_WHAT = "tell who wrote the comments"


class Comments:
    """The comments of one repository's pull requests.

    `search_delays` (seconds): when to look for a comment whose posting got no clear answer. GitHub may still be
    writing it while it reports a failure.
    """

    def __init__(
        self, client: Client, *, search_delays: Sequence[float] = (0.5, 1.0, 2.0), posts: int = 3
    ) -> None:
        self._client = client
        self._search_delays = tuple(search_delays)
        self._posts = posts

    def list(self, pull: int) -> tuple[Comment, ...]:
        """All pages, oldest first."""
        # One listing for all attempts: a repeated one goes on at the page that failed.
        what = f"list the comments of #{pull}"
        listing = self._client.call(
            what, lambda repository: repository.get_issue(pull).get_comments(), repeat=True
        )
        return self._client.call(
            what, lambda _: tuple(read_comment(comment) for comment in listing), repeat=True
        )

    def create(self, pull: int, body: str) -> Comment:
        """Post once. After an answer that leaves it open, look for the comment before posting again."""
        unclear: Unreachable | None = None
        for _ in range(self._posts):
            try:
                posted = self._post(pull, body)
            except Unreachable as failure:
                unclear = failure
                found = self._search(pull, body)
                if found:
                    return self._keep_first(found)
            else:
                # An earlier attempt may have been committed after we had looked for it.
                return posted if unclear is None else self._keep_first(self._ours(pull, body) or (posted,))
        assert unclear is not None, "at least one post is made"
        raise unclear

    def edit(self, comment: int, body: str) -> Comment:
        """Replace the text: the same text twice does no harm."""

        def patch(repository: Repository) -> Comment:
            written = _handle(repository, comment)
            written.edit(body)
            return read_comment(written)

        return self._client.call(f"edit comment {comment}", patch, repeat=True, writes_comment=True)

    def delete(self, comment: int) -> None:
        """Gone is gone, whoever did it."""
        try:
            self._client.call(
                f"delete comment {comment}",
                lambda repository: _handle(repository, comment).delete(),
                repeat=True,
                writes_comment=True,
            )
        except NotFound:
            return

    def authorship(self, comments: Sequence[Comment]) -> Mapping[int, Authorship]:
        """By comment id; without those that GitHub does not find any more."""
        found: dict[int, Authorship] = {}
        for start in range(0, len(comments), _LARGEST_QUERY):
            batch = {comment.node_id: comment.id for comment in comments[start : start + _LARGEST_QUERY]}
            said = self._client.graphql(_WHAT, _AUTHORSHIP, {"ids": list(batch)})
            found |= {batch[node]: value for node, value in read_authorship(said).items() if node in batch}
        return found

    def _post(self, pull: int, body: str) -> Comment:
        return self._client.call(
            f"comment on #{pull}",
            lambda repository: read_comment(repository.get_issue(pull).create_comment(body)),
            repeat=False,
            writes_comment=True,
        )

    def _search(self, pull: int, body: str) -> tuple[Comment, ...]:
        for delay in self._search_delays:
            time.sleep(delay)
            found = self._ours(pull, body)
            if found:
                return found
        return ()

    def _ours(self, pull: int, body: str) -> tuple[Comment, ...]:
        """Comments with this text by the account our token speaks for, oldest first."""
        same = tuple(comment for comment in self.list(pull) if _text(comment.body) == _text(body))
        authors = self.authorship(same) if same else {}
        return tuple(
            comment for comment in same if comment.id in authors and authors[comment.id].viewer_did_author
        )

    def _keep_first(self, comments: Sequence[Comment]) -> Comment:
        for twin in comments[1:]:
            self.delete(twin.id)
        return comments[0]


def _handle(repository: Repository, comment: int) -> IssueComment:
    """The comment, named and not fetched."""
    from github.IssueComment import IssueComment

    return IssueComment(repository.requester, url=f"{repository.url}/issues/comments/{comment}")


def _text(body: str) -> str:
    """What of a text survives storage for certain."""
    return "\n".join(line.rstrip() for line in body.strip().splitlines())
