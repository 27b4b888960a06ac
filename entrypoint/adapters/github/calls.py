"""All calls to one repository, put together. They block: each is made in a thread (`pull_requests.py`)."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from entrypoint.adapters.github.client import Client
from entrypoint.adapters.github.comments import Comments
from entrypoint.adapters.github.commits import Commits
from entrypoint.adapters.github.permissions import Permissions
from entrypoint.adapters.github.pulls import Pulls
from entrypoint.adapters.github.reading import read_viewer
from entrypoint.adapters.github.statuses import Statuses
from entrypoint.kernel.reviews import Account


class Calls:
    """`client` asks."""

    def __init__(self, client: Client, *, search_delays: Sequence[float]) -> None:
        self._client = client
        self.comments = Comments(client, viewer=self.viewer, search_delays=search_delays)
        self.pulls = Pulls(client)
        self.statuses = Statuses(client)
        self.commits = Commits(client)
        self.permissions = Permissions(client)
        self._viewer: Account | None = None
        self._viewer_lock = threading.Lock()

    def viewer(self) -> Account:
        """The account of the token. Read once."""
        with self._viewer_lock:
            if self._viewer is None:
                query = "query Viewer { viewer { login databaseId } }"
                self._viewer = self._client.graphql(
                    query, {}, what="tell whose token this is", read=read_viewer
                )
            return self._viewer
