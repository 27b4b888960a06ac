"""Implements modes.ports.GitHub: an async interface; PyGithub runs in threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, final

import anyio
from anyio import to_thread

from entrypoint.adapters.github.forms import checked_token

if TYPE_CHECKING:
    from entrypoint.adapters.github.calls import Calls
    from entrypoint.adapters.github.patience import Patience
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
    """One repository. The first call imports what asks GitHub: Fly is asked before."""

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
        self._token = checked_token(token, repository=repository, api_url=api_url)
        self._repository = repository
        self._api_url = api_url
        self._patience = patience
        self._search_delays = search_delays
        self._verify = verify

    async def viewer(self) -> Account:
        """The account of the token. Read once."""
        return await self._ask(lambda calls: calls.viewer())

    async def comment(self, comment: int) -> Comment:
        """One comment."""
        return await self._ask(lambda calls: calls.comments.get(comment))

    async def comments(self, pull: int) -> tuple[Comment, ...]:
        """All comments, oldest first."""
        return await self._ask(lambda calls: calls.comments.list(pull))

    async def create_comment(self, pull: int, body: str) -> Comment:
        """Post it exactly once."""
        return await self._ask(lambda calls: calls.comments.create(pull, body))

    async def edit_comment(self, comment: int, body: str) -> Comment:
        """Replace the text."""
        return await self._ask(lambda calls: calls.comments.edit(comment, body))

    async def minimise_comment(self, node_id: str) -> None:
        """Hide it as outdated."""
        await self._ask(lambda calls: calls.comments.minimise(node_id))

    async def statuses(self, sha: str) -> tuple[CommitStatus, ...]:
        """All statuses of a commit, newest first."""
        return await self._ask(lambda calls: calls.statuses.list(sha))

    async def create_status(
        self, sha: str, *, context: str, state: StatusState, description: str, target_url: str
    ) -> CommitStatus:
        """Set one more status."""
        return await self._ask(
            lambda calls: calls.statuses.create(
                sha, context=context, state=state, description=description, target_url=target_url
            )
        )

    async def pull(self, number: int) -> PullRequest:
        """One pull request."""
        return await self._ask(lambda calls: calls.pulls.get(number))

    async def closed_pulls(self, *, base: str, page: int = 1) -> tuple[PullRequest, ...]:
        """A page of closed pull requests."""
        return await self._ask(lambda calls: calls.pulls.closed(base=base, page=page))

    async def commit(self, sha: str) -> Commit:
        """One commit."""
        return await self._ask(lambda calls: calls.commits.get(sha))

    async def history(self, sha: str, *, pages: int = 1) -> tuple[Commit, ...]:
        """The commits that a commit contains."""
        return await self._ask(lambda calls: calls.commits.history(sha, pages=pages))

    async def compare(self, base: str, head: str) -> Comparison:
        """How two commits relate."""
        return await self._ask(lambda calls: calls.commits.compare(base, head))

    async def branch(self, name: str) -> Branch:
        """A branch now."""
        return await self._ask(lambda calls: calls.commits.branch(name))

    async def file_states(self, wanted: Sequence[tuple[str, str]]) -> FileStates:
        """Files at commits."""
        return await self._ask(lambda calls: calls.commits.files(wanted))

    async def merge_queue(self, branch: str) -> tuple[QueueEntry, ...]:
        """The merge queue of a branch."""
        return await self._ask(lambda calls: calls.commits.merge_queue(branch))

    async def may_set_status(self) -> bool | None:
        """Whether the token may set commit statuses."""
        return await self._ask(lambda calls: calls.permissions.may_set_status())

    async def may_comment(self, pull: int) -> bool | None:
        """Whether the token may comment on a pull request."""
        return await self._ask(lambda calls: calls.permissions.may_comment(pull))

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await anyio.sleep(seconds)

    async def _ask(self, call: Callable[[Calls], _T]) -> _T:
        """Run `call` in a thread. A cancellation abandons the thread, because a cancelled job has only six seconds."""
        calls = self._calls
        return await to_thread.run_sync(lambda: call(calls), abandon_on_cancel=True)

    @cached_property
    def _calls(self) -> Calls:
        from entrypoint.adapters.github.calls import Calls
        from entrypoint.adapters.github.client import Client

        client = Client(
            token=self._token,
            repository=self._repository,
            api_url=self._api_url,
            patience=self._patience,
            verify=self._verify,
        )
        return Calls(client, search_delays=self._search_delays)
