"""Several httpx clients that share the load, each with a few connections of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx


class Clients:
    """The one with the fewest requests under way goes next; of several the first, so that its connections are used again."""

    def __init__(self, clients: Sequence[httpx.AsyncClient]) -> None:
        self._clients = clients
        self._under_way = [0] * len(clients)

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """For one request, from its beginning to its end."""
        place = self._under_way.index(min(self._under_way))
        self._under_way[place] += 1
        try:
            yield self._clients[place]
        finally:
            self._under_way[place] -= 1
