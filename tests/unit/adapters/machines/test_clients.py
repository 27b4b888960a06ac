"""How requests are shared out among several httpx clients."""

from __future__ import annotations

from contextlib import ExitStack

import anyio
import httpx

from entrypoint.adapters.machines.clients import FEW, Clients


def test_the_one_with_the_fewest_requests_goes_next__and_another_is_made_when_all_have_a_few() -> None:
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
        assert {stack.enter_context(clients.one()) for _ in range(FEW)} == {made[0]}
        assert len(made) == 1
        with clients.one() as second:
            assert made[1:] == [second]
        assert stack.enter_context(clients.one()) is second
        with clients.one() as fewest:
            assert fewest is second
        later = [stack.enter_context(clients.one()) for _ in range(FEW - 1)]
        assert later == [second] * (FEW - 1)
        first, again, once_more = (stack.enter_context(clients.one()) for _ in range(3))
        assert (first, again, once_more) == (made[0], second, made[0]), "no third: it takes turns"
    anyio.run(clients.aclose, backend="trio")
    assert all(client.is_closed for client in made)
