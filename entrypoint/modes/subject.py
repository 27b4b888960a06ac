"""What is planned: the files, their commit, and their pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from entrypoint.kernel.errors import UsageError
from entrypoint.modes.source import Source, read_source

if TYPE_CHECKING:
    from entrypoint.kernel.checkout import Head
    from entrypoint.kernel.reviews import PullRequest
    from entrypoint.kernel.run import Inputs, RunContext
    from entrypoint.modes.ports import Checkout, GitHub
    from entrypoint.modes.world import World
    from entrypoint.planning.review.checkout import Checkout as Planned

_MOST_ROUNDS = 4
"""fly.toml, then flightplan.toml, then the files that they name: each round finds out what to read next."""
_WAITS = (1.0, 2.0, 4.0)
"""Seconds to wait before each new look while GitHub makes the test merge."""


class Subject(NamedTuple):
    """The files, their commit, and their pull request."""

    run: RunContext
    source: Source
    files: Checkout


async def read_subject(inputs: Inputs, run: RunContext, world: World) -> Subject:
    """The checkout, or the pull request that the input `pull-request` names. Raises UsageError."""
    if inputs.pull_request is not None:
        if world.github is None:
            raise UsageError(
                "The input pull-request reads a pull request from GitHub, and there is no GitHub token.",
                hint="Leave out the input github-token to use the job's own.",
            )
        return await _from_github(inputs, run, world.github, number=inputs.pull_request)
    return Subject(run=run, source=read_source(inputs, world.files), files=world.files)


def checkout_of(subject: Subject) -> Planned:
    """The commit that is checked out. For a pull request that is its test merge, whose first parent is the base's tip, or its own head.

    Raises UsageError for any other commit.
    """
    from entrypoint.planning.review.checkout import Checkout as Planned  # after the requests are answered

    run, head = subject.run, subject.files.head()
    if run.pull_number is None or head is None:
        tree = None if head is None else head.tree
        return Planned(
            pull=run.pull_number, base_branch=run.base_branch, base_sha=None, head=run.sha, tree=tree
        )
    is_merge = len(head.parents) == 2 and head.parents[1] == run.sha
    if not is_merge and head.sha != run.sha:
        raise UsageError(
            f"The checkout is at {head.sha[:12]}, which is neither #{run.pull_number}'s head commit nor its test merge.",
            hint="Use actions/checkout without `ref`, so that what is planned is what is reviewed.",
        )
    return Planned(
        pull=run.pull_number,
        base_branch=run.base_branch,
        base_sha=head.parents[0] if is_merge else None,
        head=run.sha,
        tree=head.tree,
    )


async def _from_github(inputs: Inputs, run: RunContext, github: GitHub, *, number: int) -> Subject:
    pull, head = await _test_merge(github, number)
    files = _AtCommit(head)
    for _ in range(_MOST_ROUNDS):
        _try(inputs, files)
        if not files.missing:
            break
        await files.fetch(github)
    about = run._replace(
        pull_number=number, sha=pull.head_sha, base_branch=pull.base_ref, from_fork=_is_fork(pull)
    )
    return Subject(run=about, source=read_source(inputs, files), files=files)


def _try(inputs: Inputs, files: _AtCommit) -> None:
    """Read as far as possible, to find out which files are needed."""
    try:
        read_source(inputs, files)
    except UsageError:
        if not files.missing:
            raise


async def _test_merge(github: GitHub, number: int) -> tuple[PullRequest, Head]:
    """The pull request, and its test merge commit, which GitHub makes when asked for the pull request."""
    pull = await github.pull(number)
    for wait in (*_WAITS, None):
        if not pull.is_open:
            raise UsageError(f"#{number} is closed.", hint="Name an open pull request.")
        if pull.merge_commit_sha is not None:
            from entrypoint.kernel.checkout import Head

            found = await github.commit(pull.merge_commit_sha)
            if len(found.parents) == 2 and found.parents[1] == pull.head_sha:
                return pull, Head(sha=found.sha, tree=found.tree, parents=found.parents)
        if wait is not None:
            await github.pause(wait)
            pull = await github.pull(number)
    raise UsageError(
        f"#{number} has no test merge: it conflicts with {pull.base_ref}, or GitHub is still making it.",
        hint="Resolve the conflicts, or run this again in a minute.",
    )


def _is_fork(pull: PullRequest) -> bool:
    return pull.head_repository.lower() != pull.base_repository.lower()


class _AtCommit:
    """The files of a commit, read from GitHub, as a ports.Checkout. `missing` holds the paths that were asked for and are not read yet."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._found: dict[str, bytes | None] = {}
        self.missing: set[str] = set()

    def head(self) -> Head | None:
        """The commit."""
        return self._head

    def is_committed(self, path: str, data: bytes) -> bool:
        """True: every file comes from the commit."""
        return self._found.get(path) == data

    def read(self, path: str) -> bytes | None:
        """None also for a file that is still missing."""
        if path not in self._found:
            self.missing.add(path)
        return self._found.get(path)

    async def fetch(self, github: GitHub) -> None:
        """Read the missing files. Raises UsageError for one that GitHub does not show as text."""
        wanted = sorted(self.missing)
        states = await github.file_states([(self._head.sha, path) for path in wanted])
        for path in wanted:
            state = states[self._head.sha, path]
            if state is not None and state.text is None:
                raise UsageError(
                    f"{path} is binary or larger than 512 KiB, and is not read from GitHub.",
                    hint="Plan this pull request from a checkout.",
                )
            self._found[path] = None if state is None or state.text is None else state.text.encode()
        self.missing.clear()
