"""How requests are shared out among several httpx clients."""

from __future__ import annotations

from contextlib import ExitStack

import anyio
import httpx

from entrypoint.adapters.machines.clients import Clients


def test_the_one_with_the_fewest_requests_goes_next__and_is_made_then() -> None:
    made: list[httpx.AsyncClient] = []

    def make() -> httpx.AsyncClient:
        made.append(httpx.AsyncClient())
        return made[-1]

    clients = Clients(make, most=2)
    assert made == []
    for _ in range(2):  # one after the other: the first, again
        with clients.one() as client:
            assert [client] == made
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(clients.one()) for _ in range(3))
        assert [first, second] == made
        assert third is first
        assert stack.enter_context(clients.one()) is second
    anyio.run(clients.aclose, backend="trio")
    assert all(client.is_closed for client in made)
