"""Implements modes.ports.GitHub: an async interface; PyGithub runs in threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar, final

import anyio
from anyio import to_thread

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.comments import Comments
from entrypoint.adapters.github.commits import Commits
from entrypoint.adapters.github.patience import Patience
from entrypoint.adapters.github.permissions import Permissions
from entrypoint.adapters.github.pulls import Pulls
from entrypoint.adapters.github.reading import read_viewer
from entrypoint.adapters.github.statuses import Statuses
from entrypoint.kernel.reviews import (
    Account,
    Branch,
    Comment,
    Commit,
    CommitStatus,
    Comparison,
    FileStates,
    PullRequest,
    QueueEntry,
    StatusState,
)
from entrypoint.kernel.secrets import Secret

_T = TypeVar("_T")


@final
class GithubPullRequests:
    """One repository. The first call imports PyGithub."""

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
        """Raises UsageError if token, repository (`owner/name`) or GITHUB_API_URL has a wrong form."""
        client = Client(token=token, repository=repository, api_url=api_url, patience=patience, verify=verify)
        self._client = client
        self._comments = Comments(client, viewer=self._ask_viewer, search_delays=search_delays)
        self._pulls = Pulls(client)
        self._statuses = Statuses(client)
        self._commits = Commits(client)
        self._permissions = Permissions(client)
        self._viewer: Account | None = None
        self._viewer_lock = threading.Lock()

    async def viewer(self) -> Account:
        """The account of the token. Read once."""
        return await _in_thread(self._ask_viewer)

    async def comment(self, comment: int) -> Comment:
        """One comment."""
        return await _in_thread(lambda: self._comments.get(comment))

    async def comments(self, pull: int) -> tuple[Comment, ...]:
        """All comments, oldest first."""
        return await _in_thread(lambda: self._comments.list(pull))

    async def create_comment(self, pull: int, body: str) -> Comment:
        """Post it exactly once."""
        return await _in_thread(lambda: self._comments.create(pull, body))

    async def edit_comment(self, comment: int, body: str) -> Comment:
        """Replace the text."""
        return await _in_thread(lambda: self._comments.edit(comment, body))

    async def minimise_comment(self, node_id: str) -> None:
        """Hide it as outdated."""
        await _in_thread(lambda: self._comments.minimise(node_id))

    async def statuses(self, sha: str) -> tuple[CommitStatus, ...]:
        """All statuses of a commit, newest first."""
        return await _in_thread(lambda: self._statuses.list(sha))

    async def create_status(
        self, sha: str, *, context: str, state: StatusState, description: str, target_url: str
    ) -> CommitStatus:
        """Set one more status."""
        return await _in_thread(
            lambda: self._statuses.create(
                sha, context=context, state=state, description=description, target_url=target_url
            )
        )

    async def pull(self, number: int) -> PullRequest:
        """One pull request."""
        return await _in_thread(lambda: self._pulls.get(number))

    async def closed_pulls(self, *, base: str, page: int = 1) -> tuple[PullRequest, ...]:
        """A page of closed pull requests."""
        return await _in_thread(lambda: self._pulls.closed(base=base, page=page))

    async def commit(self, sha: str) -> Commit:
        """One commit."""
        return await _in_thread(lambda: self._commits.get(sha))

    async def history(self, sha: str, *, pages: int = 1) -> tuple[Commit, ...]:
        """The commits that a commit contains."""
        return await _in_thread(lambda: self._commits.history(sha, pages=pages))

    async def compare(self, base: str, head: str) -> Comparison:
        """How two commits relate."""
        return await _in_thread(lambda: self._commits.compare(base, head))

    async def branch(self, name: str) -> Branch:
        """A branch now."""
        return await _in_thread(lambda: self._commits.branch(name))

    async def file_states(self, wanted: Sequence[tuple[str, str]]) -> FileStates:
        """Files at commits."""
        return await _in_thread(lambda: self._commits.files(wanted))

    async def merge_queue(self, branch: str) -> tuple[QueueEntry, ...]:
        """The merge queue of a branch."""
        return await _in_thread(lambda: self._commits.merge_queue(branch))

    async def may_set_status(self) -> bool | None:
        """Whether the token may set commit statuses."""
        return await _in_thread(self._permissions.may_set_status)

    async def may_comment(self, pull: int) -> bool | None:
        """Whether the token may comment on a pull request."""
        return await _in_thread(lambda: self._permissions.may_comment(pull))

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    def _ask_viewer(self) -> Account:
        with self._viewer_lock:
            if self._viewer is None:
                query = "query Viewer { viewer { login databaseId } }"
                self._viewer = self._client.graphql(
                    query, {}, what="tell whose token this is", read=read_viewer
                )
            return self._viewer


async def _in_thread(call: Callable[[], _T]) -> _T:
    """Run `call` in a thread. A cancellation abandons the thread, because a cancelled job has only six seconds."""
    return await to_thread.run_sync(call, abandon_on_cancel=True)
