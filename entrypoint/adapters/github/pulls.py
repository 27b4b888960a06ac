"""Pull requests: one, or those that were closed recently."""

from __future__ import annotations

from urllib.parse import quote

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.reading import read_list, read_pull
from entrypoint.kernel.reviews import PullRequest

PAGE = 100


class Pulls:
    """The pull requests of one repository."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, number: int) -> PullRequest:
        """One pull request, with the number of its commits. Raises NotFound."""
        return self._client.request(
            "GET", f"/pulls/{number}", what=f"show pull request #{number}", read=read_pull, repeat=True
        )

    def closed(self, *, base: str, page: int) -> tuple[PullRequest, ...]:
        """One page of up to PAGE closed pull requests into `base`, the last updated first."""
        order = f"state=closed&base={quote(base, safe='')}&sort=updated&direction=desc"
        return self._client.request(
            "GET",
            f"/pulls?{order}&per_page={PAGE}&page={page}",
            what=f"list the pull requests into {base}",
            read=_read_pulls,
            repeat=True,
        )


def _read_pulls(answer: object) -> tuple[PullRequest, ...]:
    return tuple(read_pull(item) for item in read_list(answer))
