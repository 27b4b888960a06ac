"""Several httpx clients that share the requests, each with a few connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


class Clients:
    """At most `most` clients. `make` makes each when it is first needed, because that is slow.

    The client with the fewest running requests is used next; of several the first, so that its connections are reused.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, most: int) -> None:
        self._make = make
        self._under_way = [0] * most
        self._clients: list[httpx.AsyncClient] = []

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """A client for one request, until the block ends."""
        place = self._under_way.index(min(self._under_way))
        if place == len(
            self._clients
        ):  # never more: the first client that is not made has no running request
            self._clients.append(self._make())
        self._under_way[place] += 1
        try:
            yield self._clients[place]
        finally:
            self._under_way[place] -= 1

    async def aclose(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.aclose()
