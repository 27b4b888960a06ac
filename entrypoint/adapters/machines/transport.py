"""Sends one request to the Machines API: within the rate limits, bounded in time and size, repeated if that is safe."""

from __future__ import annotations

import json
import logging
import math
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

import anyio
import httpx

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.clients import Clients
from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.adapters.machines.retry import (
    ATTEMPTS,
    NEVER_EXECUTED,
    PATIENCE,
    REPEATED,
    never_sent,
    pause,
)
from entrypoint.adapters.network import read_at_most
from entrypoint.fleet.errors import FleetError, Unavailable

CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 30.0
LONGEST_READ = 30.0
"""Seconds from an answer's first byte to its last; but not more than `Call.timeout`."""
MOST_BYTES = 128 * 1024 * 1024
"""Of one answer. Enough for 5,000 machines from a server without pages."""
LEASING = frozenset({"lease", "unlease"})
"""Actions on leases. They are wanted also where a rollout stops."""
LEASE_HEADER = "fly-machine-lease-nonce"


class Ambiguous(Unavailable):
    """A write may or may not have been executed. The caller must check."""


class Call(NamedTuple):
    """A request. `action` and `identifier`: the key of its rate limit. `what`: its name in errors.

    `repeatable`: executing it twice does no harm, so it is repeated after an unclear answer.
    """

    method: str
    path: str
    action: str
    identifier: str
    what: str
    repeatable: bool
    params: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    nonce: str | None = None
    timeout: float = READ_TIMEOUT
    """Seconds until the first byte of the answer."""
    patience: float = PATIENCE
    """Seconds after which it is not repeated."""
    accept: frozenset[int] = frozenset()
    """Statuses of refusals that are returned as answers."""

    @property
    def changes(self) -> bool:
        """Whether it changes the app, leases left aside."""
        return self.method != "GET" and self.action not in LEASING


class Transport:
    """Sends calls over httpx clients. `hidden`: texts that must not appear in errors."""

    def __init__(
        self, clients: Clients, *, limiter: Limiter, dice: random.Random, hidden: tuple[str, ...]
    ) -> None:
        self._clients = clients
        self._limiter = limiter
        self._dice = dice
        self._hidden = hidden
        self._log = logging.getLogger("flightplan.machines")

    def drop_waiting(self) -> None:
        """Drop the changes that wait for their turn, or to be sent again: they raise NotSent."""
        self._limiter.drop()
        self._clients.drop()

    async def rest(self, seconds: float) -> None:
        """Sleep before a refused change is sent again. Raises NotSent after `drop_waiting`."""
        await self._limiter.rest(seconds)

    async def send(self, call: Call) -> Answer:
        """A success, or a refusal in `call.accept`. Raises FleetError; NotSent after `drop_waiting`; Ambiguous only for calls that are not repeatable."""
        deadline = anyio.current_time() + call.patience
        failures, may_be_done = 0, False
        while True:
            droppable = call.changes and not may_be_done
            await self._limiter.wait(call.action, call.identifier, droppable=droppable)
            error: FleetError
            status, headers = None, None
            try:
                answer = await self._exchange(call, droppable=droppable)
            except httpx.RequestError as failure:
                error, unclear = _unreachable(call, failure), not never_sent(failure)
            else:
                if answer.is_success or answer.status in call.accept:
                    return answer
                from entrypoint.adapters.machines.classify import classify  # most runs are refused nothing
                from entrypoint.adapters.machines.private import private_values

                error = classify(
                    answer,
                    holding=call.nonce is not None,
                    hidden=self._hide(call),
                    private=private_values(call.body),
                )
                if answer.status not in REPEATED:
                    raise error
                unclear = answer.status not in NEVER_EXECUTED
                status, headers = answer.status, answer.headers
            if unclear and not call.repeatable:
                raise Ambiguous(
                    str(error),
                    hint="Fly may have done it. Try again: it goes on where it stopped.",
                ) from error
            may_be_done = may_be_done or unclear
            failures += status != 429
            rest = pause(max(1, failures), status, headers, dice=self._dice)
            if failures >= ATTEMPTS or anyio.current_time() + rest >= deadline:
                raise error
            if status == 429:
                self._limiter.hold(call.action, call.identifier, seconds=rest)
            await (self.rest(rest) if call.changes and not may_be_done else anyio.sleep(rest))

    async def _exchange(self, call: Call, *, droppable: bool) -> Answer:
        """Send it once. Raises httpx.RequestError if there is no complete answer, for any reason."""
        within = (
            math.inf if call.changes else call.patience
        )  # Fly is not out of reach only because we ask a lot
        async with self._clients.one(within=within, droppable=droppable) as client:
            return await self._exchange_over(client, call)

    async def _exchange_over(self, client: httpx.AsyncClient, call: Call) -> Answer:
        request = client.build_request(
            call.method,
            call.path,
            params=list(call.params),
            # Not httpx's `json=`: our escapes keep lone surrogates, which a live config may have.
            content=None if call.body is None else json.dumps(call.body, allow_nan=False).encode(),
            headers=_headers(call),
            timeout=httpx.Timeout(
                READ_TIMEOUT,
                connect=CONNECT_TIMEOUT,
                read=call.timeout,
                pool=max(call.timeout, CONNECT_TIMEOUT),
            ),
        )
        try:
            with anyio.fail_after(call.timeout + min(LONGEST_READ, call.timeout)):
                answer = await self._receive(client, request, call)
        except TimeoutError:
            self._log.debug("%s %s took too long", call.method, call.path)
            raise httpx.ReadTimeout("the answer took too long", request=request) from None
        except httpx.RequestError as failure:
            self._log.debug("%s %s %s", call.method, call.path, type(failure).__name__)
            raise
        self._log.debug("%s %s %d%s", call.method, call.path, answer.status, answer.request_id)
        return answer

    async def _receive(self, client: httpx.AsyncClient, request: httpx.Request, call: Call) -> Answer:
        response = await client.send(request, stream=True)
        try:
            content = await read_at_most(response, MOST_BYTES)
        finally:
            await response.aclose()
        return Answer(what=call.what, status=response.status_code, headers=response.headers, content=content)

    def _hide(self, call: Call) -> tuple[str, ...]:
        return (*self._hidden, call.nonce) if call.nonce else self._hidden


def _headers(call: Call) -> dict[str, str]:
    headers = {LEASE_HEADER: call.nonce} if call.nonce else {}
    return headers if call.body is None else {**headers, "Content-Type": "application/json"}


def _unreachable(call: Call, failure: httpx.RequestError) -> Unavailable:
    """The error has the network's own text (refused, no such name, bad certificate), if there is one."""
    said = " ".join(str(failure).split())[:200]
    return Unavailable(
        f"{call.what}: {said or type(failure).__name__} ({type(failure).__name__})",
        hint="The Machines API cannot be reached. Try again. FLY_FLAPS_BASE_URL says where it is.",
    )
