"""One HTTP request to the Machines API: limited, repeated where that is safe, its refusals typed."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import httpx

from entrypoint.adapters.machines.classify import classify
from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.adapters.machines.retry import ATTEMPTS, NEVER_EXECUTED, REPEATED, never_sent, pause
from entrypoint.fleet.errors import FleetError, Unavailable

READ_TIMEOUT = 30.0
LEASE_HEADER = "fly-machine-lease-nonce"


class Ambiguous(FleetError):
    """A mutating request may or may not have been executed; the caller must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request. `action` and `identifier` key the rate limit; `what` names it in errors.

    `repeatable`: executing it twice does no harm, so that an unclear answer is simply asked again.
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
    accept: frozenset[int] = frozenset()
    """Refusals that are answers to this call and are returned."""


class Transport:
    """Sends calls over one httpx client."""

    def __init__(self, client: httpx.AsyncClient, *, limiter: Limiter, dice: random.Random) -> None:
        self._client = client
        self._limiter = limiter
        self._dice = dice
        self._log = logging.getLogger("flightplan.machines")

    async def send(self, call: Call) -> httpx.Response:
        """A success, or a refusal in `call.accept`. Raises FleetError; Ambiguous only for calls that are not repeatable."""
        attempt = 0
        while True:
            attempt += 1
            await self._limiter.wait(call.action, call.identifier)
            response: httpx.Response | None = None
            try:
                response = await self._request(call)
                self._log.debug("%s %s %s attempt %d", call.method, call.path, response.status_code, attempt)
                if response.is_success or response.status_code in call.accept:
                    return response
                error = classify(response, what=call.what)
                if response.status_code not in REPEATED:
                    raise error
                unclear = response.status_code not in NEVER_EXECUTED
            except httpx.TransportError as failure:
                self._log.debug(
                    "%s %s %s attempt %d", call.method, call.path, type(failure).__name__, attempt
                )
                error = Unavailable(
                    f"{call.what}: {type(failure).__name__}",
                    hint="The Machines API could not be reached; run it again.",
                )
                unclear = not never_sent(failure)
            if unclear and not call.repeatable:
                raise Ambiguous(str(error)) from error
            if attempt >= ATTEMPTS:
                raise error
            await anyio.sleep(pause(attempt, response, dice=self._dice))

    async def _request(self, call: Call) -> httpx.Response:
        headers = {LEASE_HEADER: call.nonce} if call.nonce else {}
        return await self._client.request(
            call.method,
            call.path,
            params=list(call.params),
            json=call.body,
            headers=headers,
            timeout=httpx.Timeout(READ_TIMEOUT, read=call.timeout),
        )
