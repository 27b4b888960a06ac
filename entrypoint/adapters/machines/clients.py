"""Several httpx clients that share the requests, each with a few connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

FEW = 4
"""Requests of one client before another is made. httpcore's work for them is then still less than making a client."""


class Clients:
    """At most `most` clients. `make` makes one when each that there is has FEW running requests.

    The client with the fewest running requests is used next; of several the first, so that its connections are reused.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, most: int) -> None:
        self._make = make
        self._most = most
        self._under_way: list[int] = []
        self._clients: list[httpx.AsyncClient] = []

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client for one request, until the block ends."""
        fewest = min(self._under_way, default=FEW)
        if fewest >= FEW and len(self._clients) < self._most:
            self._clients.append(self._make())
            self._under_way.append(fewest := 0)
        place = self._under_way.index(fewest)
        self._under_way[place] += 1
        try:
            yield self._clients[place]
        finally:
            self._under_way[place] -= 1

    async def aclose(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.aclose()
