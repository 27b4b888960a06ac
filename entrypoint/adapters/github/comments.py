"""Comments on pull requests: list, post exactly once, edit, fold away."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.failures import Permission
from entrypoint.adapters.github.reading import read_comment, read_nothing
from entrypoint.kernel.review_errors import GithubError, NotFound, Unreachable
from entrypoint.kernel.reviews import Account, Comment

_MINIMISE: Final = """
mutation Minimise($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized } }
}
"""


class Comments:
    """The comments of one repository's pull requests.

    `viewer`: the account that our comments have. `search_delays`: seconds before each search for a comment whose request got no clear answer;
    GitHub may still be writing it when it reports a failure.
    """

    def __init__(
        self,
        client: Client,
        *,
        viewer: Callable[[], Account],
        search_delays: Sequence[float] = (0.5, 1.0, 2.0),
        posts: int = 3,
    ) -> None:
        self._client = client
        self._viewer = viewer
        self._search_delays = tuple(search_delays)
        self._posts = posts

    def get(self, comment: int) -> Comment:
        """One comment. Raises NotFound."""
        return self._client.request(
            "GET",
            f"/issues/comments/{comment}",
            what=f"show comment {comment}",
            read=read_comment,
            repeat=True,
        )

    def list(self, pull: int) -> tuple[Comment, ...]:
        """All comments, oldest first."""
        return self._client.pages(
            f"/issues/{pull}/comments", what=f"list the comments of #{pull}", read=read_comment
        )

    def create(self, pull: int, body: str) -> Comment:
        """Post exactly once. After an unclear answer, search for the comment before posting again."""
        unclear: Unreachable | None = None
        for _ in range(self._posts):
            try:
                posted = self._post(pull, body)
            except Unreachable as failure:
                unclear = failure
                found = self._search(pull, body, after=failure)
                if found:
                    return self._keep_first(found)
            else:
                # An earlier attempt may have been executed after our search.
                return posted if unclear is None else self._keep_first(self._twins(pull, posted))
        assert unclear is not None, "at least one post is made"
        raise unclear

    def edit(self, comment: int, body: str) -> Comment:
        """Replace the text."""
        return self._client.request(
            "PATCH",
            f"/issues/comments/{comment}",
            body={"body": body},
            what=f"edit comment {comment}",
            read=read_comment,
            repeat=True,
            needs=Permission.COMMENT,
        )

    def minimise(self, node_id: str) -> None:
        """Hide it as outdated. It can still be read."""
        self._client.graphql(
            _MINIMISE, {"id": node_id}, what="fold a comment", read=lambda _: None, needs=Permission.COMMENT
        )

    def _delete(self, comment: int) -> None:
        """Delete it, if it exists."""
        try:
            self._client.request(
                "DELETE",
                f"/issues/comments/{comment}",
                what=f"delete comment {comment}",
                read=read_nothing,
                repeat=True,
                needs=Permission.COMMENT,
            )
        except NotFound:
            return

    def _post(self, pull: int, body: str) -> Comment:
        return self._client.request(
            "POST",
            f"/issues/{pull}/comments",
            body={"body": body},
            what=f"comment on #{pull}",
            read=read_comment,
            repeat=False,
            needs=Permission.COMMENT,
        )

    def _search(self, pull: int, body: str, *, after: Unreachable) -> tuple[Comment, ...]:
        for delay in self._search_delays:
            time.sleep(delay)
            try:
                found = self._ours(pull, body)
            except GithubError as failure:
                raise Unreachable(
                    f"{after}; whether the comment was posted is not known: {failure}", hint=after.hint
                ) from failure
            if found:
                return found
        return ()

    def _twins(self, pull: int, posted: Comment) -> tuple[Comment, ...]:
        """`posted` and other comments of ours with the same text. If the search fails, `posted` only."""
        try:
            return self._ours(pull, posted.body) or (posted,)
        except GithubError:
            return (posted,)

    def _ours(self, pull: int, body: str) -> tuple[Comment, ...]:
        """The comments with this text by our account, oldest first."""
        viewer = self._viewer()
        return tuple(
            comment
            for comment in self.list(pull)
            if comment.author_id == viewer.id and _text(comment.body) == _text(body)
        )

    def _keep_first(self, comments: Sequence[Comment]) -> Comment:
        for twin in comments[1:]:
            self._delete(twin.id)
        return comments[0]


def _text(body: str) -> str:
    """The text without white space that GitHub may change when it stores it."""
    return "\n".join(line.rstrip() for line in body.strip().splitlines())
