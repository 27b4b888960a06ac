"""Which merged pull requests brought a commit to a branch."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.reading import read_merged
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.reviews import MergedPull

if TYPE_CHECKING:
    from github.PullRequest import PullRequest
    from github.Repository import Repository

_SHA = re.compile(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}")


class Pulls:
    """The pull requests of one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def merged(self, sha: str, *, base: str, delays: Sequence[float]) -> tuple[MergedPull, ...]:
        """By number. While there is none, ask again after each of `delays` (GitHub is eventually consistent here)."""
        if not _SHA.fullmatch(sha):
            raise UsageError(f"{sha!r} is not a commit", hint="GITHUB_SHA is 40 or 64 hex characters.")
        found = self._now(sha, base)
        for delay in delays:
            if found:
                break
            time.sleep(delay)
            found = self._now(sha, base)
        return found

    def _now(self, sha: str, base: str) -> tuple[MergedPull, ...]:
        def fetch(repository: Repository) -> tuple[MergedPull, ...]:
            pulls = [pull for pull in repository.get_commit(sha).get_pulls() if self._is_ours(pull, base)]
            return tuple(sorted(map(_settled, pulls), key=lambda pull: pull.number))

        return self._client.call(f"tell which pull requests brought {sha[:12]}", fetch, repeat=True)

    def _is_ours(self, pull: PullRequest, base: str) -> bool:
        """Merged into `base` of this repository: the answer may list open ones, and those of other branches."""
        repository = pull.base.repo.full_name
        return (
            pull.merged_at is not None
            and pull.base.ref == base
            and repository.lower() == self._client.repository.lower()
        )


def _settled(pull: PullRequest) -> MergedPull:
    """A list may still lack the merge commit where the pull request itself has it."""
    merged = read_merged(pull)
    if merged.merge_commit_sha is None:
        pull.update()
        merged = read_merged(pull)
    return merged
