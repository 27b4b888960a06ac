"""The app's secrets: names, and when they were set (GET /v1/apps/{app}/secrets)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from entrypoint.adapters.machines.preflight.question import ask, parsed
from entrypoint.adapters.machines.transport import Transport

if TYPE_CHECKING:
    from entrypoint.fleet.preflight import SetSecret


async def ask_secrets(http: Transport, *, root: str) -> tuple[SetSecret, ...] | None:
    """The secrets without values, which the API sends only with `show_secrets`. `root`: the app's path."""
    found = parsed(await ask(http, "GET", f"{root}/secrets", action="secrets", identifier=root))
    from entrypoint.adapters.machines.wire import read_secrets

    return None if found is None else read_secrets(found)
