"""Several connection pools that share the requests, each with a few connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import httpx

from entrypoint.fleet.errors import NotSent

FEW = 4
"""Requests of one pool before another is made. httpcore's work for them is then still less than making a pool."""


class Pools:
    """At most `most` pools (httpx calls them transports), with `each` connections each. `make` makes one when each that there is has FEW running
    requests.

    The pool with the fewest running requests is used next; of several the first, so that its connections are reused. Requests wait here for a
    free connection, in order: httpcore looks through all that wait with it at every request, which is too much work for thousands.
    """

    def __init__(self, make: Callable[[], httpx.AsyncBaseTransport], *, most: int, each: int) -> None:
        self._make = make
        self._most = most
        self._free = anyio.Semaphore(most * each, fast_acquire=True)
        self._droppable: set[anyio.CancelScope] = set()
        self._under_way: list[int] = []
        self._pools: list[httpx.AsyncBaseTransport] = []

    @asynccontextmanager
    async def one(self, *, within: float, droppable: bool = False) -> AsyncIterator[httpx.AsyncBaseTransport]:
        """A pool with a free connection for one request, until the block ends. Raises PoolTimeout after `within` seconds; `droppable`: NotSent
        if `drop` is called meanwhile.
        """
        await self._take(within, droppable=droppable)
        try:
            place = self._choose()
            self._under_way[place] += 1
            try:
                yield self._pools[place]
            finally:
                self._under_way[place] -= 1
        finally:
            self._free.release()

    async def _take(self, within: float, *, droppable: bool) -> None:
        with suppress(anyio.WouldBlock):
            self._free.acquire_nowait()
            return
        with anyio.move_on_after(within) as waiting:
            if droppable:
                self._droppable.add(waiting)
            try:
                await self._free.acquire()
                return
            finally:
                self._droppable.discard(waiting)
        if anyio.current_time() < waiting.deadline:
            raise NotSent("dropped before a connection was free")
        raise httpx.PoolTimeout("no connection was free in time")

    def drop(self) -> None:
        """Let those that wait for a connection now, and may be dropped, be sent no more."""
        for waiting in self._droppable:
            waiting.cancel()

    def _choose(self) -> int:
        fewest = min(self._under_way, default=FEW)
        if fewest >= FEW and len(self._pools) < self._most:
            self._pools.append(self._make())
            self._under_way.append(fewest := 0)
        return self._under_way.index(fewest)

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.aclose()
