"""The time at Fly, from the Date header of an answer."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from entrypoint.adapters.machines.preflight.question import ask
from entrypoint.adapters.machines.transport import Transport


async def ask_clock(http: Transport, *, root: str) -> int | None:
    """Seconds since 1970; None if unknown."""
    answer = await ask(http, "GET", root, action="app", identifier=root)
    if answer is None:
        return None
    try:
        return int(parsedate_to_datetime(answer.headers.get("date", "")).timestamp())
    except (TypeError, ValueError):
        return None
