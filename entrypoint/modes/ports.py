"""What the commands need besides Fly. The classes in adapters/ fit these protocols, which mypy checks in wiring.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import MachineId

if TYPE_CHECKING:  # validate has no use for them
    import re

    from entrypoint.fleet.model import HeldLease
    from entrypoint.fleet.preflight import Placement, SetSecret, TokenOwner, TokenRights
    from entrypoint.kernel.checkout import Head
    from entrypoint.kernel.ids import MachineId
    from entrypoint.kernel.images import ResolvedImage
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


class PullRequests(Protocol):
    """Pull requests, their comments and the statuses of their commits, in one repository. Every method raises errors of kernel.review_errors."""

    async def viewer(self) -> Account:
        """The account that our token belongs to."""
        ...

    async def pull(self, number: int) -> PullRequest:
        """One pull request. Raises NotFound."""
        ...

    async def closed_pulls(self, *, base: str, page: int = 1) -> tuple[PullRequest, ...]:
        """Closed pull requests into `base`, the last updated first. A page has 100, the last one fewer."""
        ...

    async def comment(self, comment: int) -> Comment:
        """One comment. Raises NotFound where somebody deleted it."""
        ...

    async def comments(self, pull: int) -> tuple[Comment, ...]:
        """All comments of the pull request, oldest first."""
        ...

    async def create_comment(self, pull: int, body: str) -> Comment:
        """Post it once, whatever the network does. Raises MayNotComment, BodyTooLong."""
        ...

    async def edit_comment(self, comment: int, body: str) -> Comment:
        """Replace the text. Raises NotFound where somebody deleted it, MayNotComment, BodyTooLong."""
        ...

    async def minimise_comment(self, node_id: str) -> None:
        """Minimise it as outdated. Raises MayNotComment."""
        ...

    async def statuses(self, sha: str) -> tuple[CommitStatus, ...]:
        """All statuses of a commit, newest first."""
        ...

    async def create_status(
        self, sha: str, *, context: str, state: StatusState, description: str, target_url: str
    ) -> CommitStatus:
        """Add one. Raises MayNotSetStatus."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait, since what was just written may not be readable yet."""
        ...


class Commits(Protocol):
    """The commits of the same repository."""

    async def commit(self, sha: str) -> Commit:
        """One commit. Raises NotFound."""
        ...

    async def history(self, sha: str, *, pages: int = 1) -> tuple[Commit, ...]:
        """The commits that `sha` contains, itself first, then the newest first; 100 a page."""
        ...

    async def compare(self, base: str, head: str) -> Comparison:
        """How two commits relate. Raises NotFound where one of them is gone."""
        ...

    async def file_states(self, wanted: Sequence[tuple[str, str]]) -> FileStates:
        """The state of each (commit, path)."""
        ...

    async def branch(self, name: str) -> Branch:
        """A branch as it is now. Raises NotFound."""
        ...

    async def merge_queue(self, branch: str) -> tuple[QueueEntry, ...]:
        """The merge queue of a branch, first in line first; empty where there is none."""
        ...


class Permissions(Protocol):
    """What our token may do in the same repository, found out without writing anything. None where the answer does not say."""

    async def may_set_status(self) -> bool | None:
        """Whether it may set commit statuses."""
        ...

    async def may_comment(self, pull: int) -> bool | None:
        """Whether it may comment on that pull request."""
        ...


class GitHub(PullRequests, Commits, Permissions, Protocol):
    """One repository."""


class Files(Protocol):
    """Files of the checkout, read only."""

    def read(self, path: str) -> bytes | None:
        """The content of a regular file below the workspace; None where there is none."""
        ...


class Checkout(Files, Protocol):
    """Files, and the commit that they belong to."""

    def head(self) -> Head | None:
        """The commit; None where it cannot be found out."""
        ...

    def is_committed(self, path: str, data: bytes) -> bool:
        """Whether the commit holds `path`, a regular file, with exactly this content. False where that cannot be found out."""
        ...


class Repository(Protocol):
    """The git repository on this computer, or the folder where there is none."""

    @property
    def is_git(self) -> bool:
        """Whether there is a git repository."""
        ...

    def default_branch(self) -> str | None:
        """The branch that origin's HEAD names, else the one that is checked out."""
        ...

    def find(self, pattern: re.Pattern[str], *, inside: str = "") -> Iterator[str]:
        """Paths of files below `inside` whose name matches, sorted, without folders of other people's code."""
        ...

    def read(self, path: str) -> bytes | None:
        """The content of a file of the repository; None where there is none."""
        ...

    def write(self, path: str, text: str) -> None:
        """Write a file of the repository. Raises OutsideError."""
        ...


class Preflight(Protocol):
    """What a plan asks Fly although it can do without. None means unknown: the token may not ask, the server does not know the route,
    or the answer came late. A failure of the server never raises.
    """

    async def secrets(self) -> tuple[SetSecret, ...] | None:
        """The app's secrets, and when each was set."""
        ...

    async def leases(self) -> Mapping[MachineId, HeldLease] | None:
        """The leases held now, by machine."""
        ...

    async def token(self) -> TokenRights | None:
        """What our token may do with the app."""
        ...

    async def owner(self) -> TokenOwner | None:
        """Who owns our token."""
        ...

    async def clock(self) -> int | None:
        """What time it is at Fly, in seconds since 1970."""
        ...

    async def room(self, wanted: Placement) -> int | None:
        """For how many of the machines there is a place now."""
        ...


class Images(Protocol):
    """Image registries."""

    async def resolve(self, image: str) -> ResolvedImage:
        """The digest behind a reference; one given with a digest needs no network. Raises OutsideError, UsageError."""
        ...

    async def look(self, image: str) -> str:
        """The digest of an image that its registry has; this also asks for one given with a digest. Raises OutsideError, UsageError."""
        ...

    async def revision(self, image: str) -> str | None:
        """The commit that an image says it was built from; None where it says none or cannot be read. Never raises."""
        ...


class Logs(Protocol):
    """The output of the app's machines."""

    async def last(self, machine: MachineId, *, lines: int) -> tuple[str, ...]:
        """The newest lines, oldest first; empty where they cannot be read. Foreign text. Never raises."""
        ...


class Console(Protocol):
    """Where this program writes: log, annotations, summary, and the files that later steps read."""

    def show(self, text: str) -> None:
        """The result of the command, on standard output."""
        ...

    def note(self, text: str) -> None:
        """A line of the log."""
        ...

    def section(self, title: str) -> None:
        """Start a section of the log, which a workflow's log can fold. It ends at the next title, or at an empty one."""
        ...

    def notice(self, text: str) -> None:
        """Say where to find a result: in the log, and on the run's page."""
        ...

    def warn(self, text: str) -> None:
        """Say what did not work while the run goes on: in the log, and on the run's page."""
        ...

    def fail(self, message: str, *, hint: str = "") -> None:
        """Say why the run failed: in the log, and at the top of the run's page."""
        ...

    def annotate(self, findings: Sequence[Finding]) -> None:
        """Show findings on the lines of the pull request."""
        ...

    def summarise(self, markdown: str) -> None:
        """Write the job summary."""
        ...

    def save(self, name: str, text: str) -> str:
        """Write a file that a later step can open. Returns its path as that step sees it."""
        ...

    async def confirm(self, question: Callable[[], str]) -> bool:
        """Ask a person on the terminal. True, without a question, where nobody can be asked or `--yes` was given."""
        ...
