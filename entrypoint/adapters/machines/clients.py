"""Several httpx clients that share the load, each with a few connections of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx


class Clients:
    """At most `most`, each made by `make` when it is its turn: to make one costs as much as to load a dozen modules.

    The one with the fewest requests under way goes next; of several the first, so that its connections are used again.
    """

    def __init__(self, make: Callable[[], httpx.AsyncClient], *, most: int) -> None:
        self._make = make
        self._under_way = [0] * most
        self._clients: list[httpx.AsyncClient] = []

    @contextmanager
    def one(self) -> Iterator[httpx.AsyncClient]:
        """For one request, from its beginning to its end."""
        place = self._under_way.index(min(self._under_way))
        if place == len(self._clients):  # never further on: one that is not made has no request under way
            self._clients.append(self._make())
        self._under_way[place] += 1
        try:
            yield self._clients[place]
        finally:
            self._under_way[place] -= 1

    async def aclose(self) -> None:
        """Close those that were made."""
        for client in self._clients:
            await client.aclose()
