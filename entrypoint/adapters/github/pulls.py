"""Which merged pull requests brought a commit to a branch."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from urllib.parse import quote

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.reading import read_is_merged, read_list, read_merged, read_pull
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.reviews import MergedPull, PullRequest

PAGE = 100
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

    def get(self, number: int) -> PullRequest:
        """One pull request, with the number of its commits. Raises NotFound."""
        return self._client.request(
            "GET", f"/pulls/{number}", what=f"show pull request #{number}", read=read_pull, repeat=True
        )

    def closed(self, *, base: str, page: int) -> tuple[PullRequest, ...]:
        """Closed pull requests into `base`, the last touched first, PAGE a page; fewer on the last."""
        path = f"/pulls?state=closed&base={quote(base, safe='')}&sort=updated&direction=desc&per_page={PAGE}&page={page}"
        return self._client.request(
            "GET", path, what=f"list the pull requests into {base}", read=_read_pulls, repeat=True
        )

    def is_merged(self, number: int) -> bool:
        """Whether the pull request is merged by now: the event file tells how it was when the job was first run."""
        return self._client.request(
            "GET", f"/pulls/{number}", what=f"show pull request #{number}", read=read_is_merged, repeat=True
        )

    def _now(self, sha: str, base: str) -> tuple[MergedPull, ...]:
        def read(answer: object) -> MergedPull | None:
            return read_merged(answer, base=base, repository=self._client.repository)

        what = f"tell which pull requests brought {sha[:12]}"
        found = [pull for pull in self._client.pages(f"/commits/{sha}/pulls", what=what, read=read) if pull]
        settled = [self._settle(pull, read) for pull in found]
        return tuple(sorted(settled, key=lambda pull: pull.number))

    def _settle(self, pull: MergedPull, read: Callable[[object], MergedPull | None]) -> MergedPull:
        """A list may still lack the merge commit where the pull request itself has it."""
        if pull.merge_commit_sha is not None:
            return pull
        what = f"show pull request #{pull.number}"
        return self._client.request("GET", f"/pulls/{pull.number}", what=what, read=read, repeat=True) or pull


def _read_pulls(answer: object) -> tuple[PullRequest, ...]:
    return tuple(read_pull(item) for item in read_list(answer))
