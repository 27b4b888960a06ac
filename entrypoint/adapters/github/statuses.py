"""Commit statuses. GitHub gives each a time and a creator, and never removes one."""

from __future__ import annotations

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.commits import checked_sha
from entrypoint.adapters.github.failures import Permission
from entrypoint.adapters.github.reading import read_status
from entrypoint.kernel.reviews import CommitStatus, StatusState


class Statuses:
    """The statuses of one repository's commits."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def list(self, sha: str) -> tuple[CommitStatus, ...]:
        """All statuses, newest first."""
        what = f"list the statuses of {sha[:12]}"
        return self._client.pages(f"/commits/{checked_sha(sha)}/statuses", what=what, read=read_status)

    def create(
        self, sha: str, *, context: str, state: StatusState, description: str, target_url: str
    ) -> CommitStatus:
        """Set one more status. Repeated after an unclear answer: two equal statuses do no harm."""
        return self._client.request(
            "POST",
            f"/statuses/{checked_sha(sha)}",
            body={
                "state": state.value,
                "context": context,
                "description": description,
                "target_url": target_url,
            },
            what=f"set a status of {sha[:12]}",
            read=read_status,
            repeat=True,
            needs=Permission.STATUS,
        )
