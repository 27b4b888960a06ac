"""GitHub as the commands see it: fits modes.ports.Reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.comments import Comments
from entrypoint.adapters.github.patience import Patience
from entrypoint.adapters.github.pulls import Pulls
from entrypoint.kernel.reviews import Authorship, Comment, MergedPull
from entrypoint.kernel.secrets import Secret


@final
class GithubReviews:
    """The reviews of one repository. Making it costs nothing: PyGithub is imported by the first call.

    Methods are synchronous and may wait; call them in a worker thread that may be abandoned. Two threads may share it.
    """

    def __init__(
        self,
        *,
        token: Secret,
        repository: str,
        api_url: str,
        patience: Patience | None = None,
        search_delays: Sequence[float] = (0.5, 1.0, 2.0),
        verify: bool | str = True,
    ) -> None:
        """Raises UsageError for what cannot be a token, `owner/name`, or a URL (GITHUB_API_URL)."""
        client = Client(token=token, repository=repository, api_url=api_url, patience=patience, verify=verify)
        self._comments = Comments(client, search_delays=search_delays)
        self._pulls = Pulls(client)

    def comments(self, pull: int) -> tuple[Comment, ...]:
        """All comments, oldest first."""
        return self._comments.list(pull)

    def authorship(self, comments: Sequence[Comment]) -> Mapping[int, Authorship]:
        """Who stands behind each, by comment id, in one query for up to 100."""
        return self._comments.authorship(comments)

    def create_comment(self, pull: int, body: str) -> Comment:
        """Post it once."""
        return self._comments.create(pull, body)

    def edit_comment(self, comment: int, body: str) -> Comment:
        """Replace the text."""
        return self._comments.edit(comment, body)

    def delete_comment(self, comment: int) -> None:
        """Take it away; fine if it is gone."""
        self._comments.delete(comment)

    def is_merged(self, pull: int) -> bool:
        """Whether it is merged by now."""
        return self._pulls.is_merged(pull)

    def merged_pulls(
        self, sha: str, *, base: str, delays: Sequence[float] = (1.0, 2.0, 4.0)
    ) -> tuple[MergedPull, ...]:
        """The merged pull requests that brought `sha` to `base`."""
        return self._pulls.merged(sha, base=base, delays=delays)
