"""The owner of our token (GET /v1/tokens/current)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entrypoint.adapters.machines.preflight.question import ask, parsed
from entrypoint.adapters.machines.transport import Transport

if TYPE_CHECKING:
    from entrypoint.fleet.preflight import TokenOwner


async def ask_owner(http: Transport) -> TokenOwner | None:
    """The owner; None if the server does not know the route or the token."""
    found = parsed(await ask(http, "GET", "/v1/tokens/current", action="token", identifier="token"))
    from entrypoint.adapters.machines.wire import read_owner

    return None if found is None else read_owner(found)
