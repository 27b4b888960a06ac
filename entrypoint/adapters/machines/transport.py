"""Sends one request to the Machines API: within the rate limits, and repeated if that is safe."""

from __future__ import annotations

import logging
import math
import random

import anyio
import httpx

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.endpoint import Endpoint
from entrypoint.adapters.machines.limiter import Limiter
from entrypoint.adapters.machines.pools import Pools
from entrypoint.adapters.machines.retry import ATTEMPTS, NEVER_EXECUTED, REPEATED, never_sent, pause
from entrypoint.fleet.errors import FleetError, Unavailable


class Ambiguous(Unavailable):
    """A write may or may not have been executed. The caller must check."""


class Transport:
    """Sends calls to `endpoint`. `hidden`: texts that must not appear in errors."""

    def __init__(
        self,
        pools: Pools,
        *,
        endpoint: Endpoint,
        limiter: Limiter,
        dice: random.Random,
        hidden: tuple[str, ...],
    ) -> None:
        self._pools = pools
        self._endpoint = endpoint
        self._limiter = limiter
        self._dice = dice
        self._hidden = hidden
        self._log = logging.getLogger("flightplan.machines")

    def drop_waiting(self) -> None:
        """Drop the changes that wait for their turn, or to be sent again: they raise NotSent."""
        self._limiter.drop()
        self._pools.drop()

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
            answer = await self._attempt(call, droppable=droppable)
            if not isinstance(answer, _Failure):
                return answer
            error, status = answer.error, answer.status
            if answer.unclear and not call.repeatable:
                raise Ambiguous(
                    str(error),
                    hint="Fly may have done it. Try again: it goes on where it stopped.",
                ) from error
            may_be_done = may_be_done or answer.unclear
            failures += status != 429
            rest = pause(max(1, failures), status, answer.headers, dice=self._dice)
            if failures >= ATTEMPTS or anyio.current_time() + rest >= deadline:
                raise error
            if status == 429:
                self._limiter.hold(call.action, call.identifier, seconds=rest)
            await (self.rest(rest) if call.changes and not may_be_done else anyio.sleep(rest))

    async def _attempt(self, call: Call, *, droppable: bool) -> Answer | _Failure:
        """Send it once: the answer, or what may be repeated. Raises FleetError for a refusal that will not change."""
        try:
            answer = await self._exchange(call, droppable=droppable)
        except httpx.RequestError as failure:
            return _Failure(_unreachable(call, failure), unclear=not never_sent(failure))
        if answer.is_success or answer.status in call.accept:
            return answer
        from entrypoint.adapters.machines.classify import classify  # most runs are refused nothing
        from entrypoint.adapters.machines.private import private_values

        holding, private = call.nonce is not None, private_values(call.body)
        error = classify(answer, holding=holding, hidden=self._hide(call), private=private)
        if answer.status not in REPEATED:
            raise error
        unclear = answer.status not in NEVER_EXECUTED
        return _Failure(error, unclear=unclear, status=answer.status, headers=answer.headers)

    async def _exchange(self, call: Call, *, droppable: bool) -> Answer:
        """Send it once. Raises httpx.RequestError if there is no complete answer, for any reason."""
        # Fly is not out of reach only because we ask for a lot.
        within = math.inf if call.changes else call.patience
        async with self._pools.one(within=within, droppable=droppable) as pool:
            try:
                answer = await self._endpoint.exchange(pool, call)
            except httpx.RequestError as failure:
                self._log.debug("%s %s %s", call.method, call.path, type(failure).__name__)
                raise
        self._log.debug("%s %s %d%s", call.method, call.path, answer.status, answer.request_id)
        return answer

    def _hide(self, call: Call) -> tuple[str, ...]:
        return (*self._hidden, call.nonce) if call.nonce else self._hidden


class _Failure:
    """Why an attempt failed that may be repeated. `unclear`: it may have been executed. `status` and `headers`: None without an answer."""

    def __init__(
        self,
        error: FleetError,
        *,
        unclear: bool,
        status: int | None = None,
        headers: httpx.Headers | None = None,
    ) -> None:
        self.error = error
        self.unclear = unclear
        self.status = status
        self.headers = headers


def _unreachable(call: Call, failure: httpx.RequestError) -> Unavailable:
    """The error has the network's own text (refused, no such name, bad certificate), if there is one."""
    said = " ".join(str(failure).split())[:200]
    return Unavailable(
        f"{call.what}: {said or type(failure).__name__} ({type(failure).__name__})",
        hint="The Machines API cannot be reached. Try again. FLY_FLAPS_BASE_URL says where it is.",
    )
