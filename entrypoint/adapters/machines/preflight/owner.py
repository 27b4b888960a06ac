"""The owner of our token (GET /v1/tokens/current)."""

from __future__ import annotations

from entrypoint.adapters.machines.preflight.question import ask, parsed
from entrypoint.adapters.machines.transport import Transport
from entrypoint.adapters.machines.wire import read_owner
from entrypoint.fleet.preflight import TokenOwner


async def ask_owner(http: Transport) -> TokenOwner | None:
    """The owner; None if the server does not know the route or the token."""
    found = parsed(await ask(http, "GET", "/v1/tokens/current", action="token", identifier="token"))
    return None if found is None else read_owner(found)
