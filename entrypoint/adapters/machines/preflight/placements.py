"""Whether Fly has capacity for new machines, within the organization's limits (POST /v1/platform/placements)."""

from __future__ import annotations

from typing import Any

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.preflight.question import ask, parsed
from entrypoint.adapters.machines.transport import Transport
from entrypoint.adapters.machines.wire import error_text, read_places
from entrypoint.fleet.preflight import Placement

ANYWHERE = "any"
FULL = frozenset({"insufficient_capacity", "volume_placement_capacity"})
"""Values of `status` that mean no capacity."""


async def ask_room(http: Transport, wanted: Placement) -> int | None:
    """For how many of the machines there is capacity; None if unknown. Nothing is reserved."""
    body: dict[str, Any] = {
        "org_slug": wanted.organization,
        "region": wanted.region or ANYWHERE,
        "count": wanted.count,
        **({"compute": dict(wanted.guest)} if wanted.guest else {}),
        **({"volume_name": wanted.volume_name} if wanted.volume_name else {}),
    }
    path = "/v1/platform/placements"
    answer = await ask(http, "POST", path, action="placements", identifier=wanted.organization, body=body)
    found = parsed(answer)
    if found is None:
        return 0 if answer is not None and _is_full(answer) else None
    places = read_places(found)
    return None if places is None else min(wanted.count, sum(places.values()))


def _is_full(answer: Answer) -> bool:
    return error_text(answer.object())[1] in FULL
