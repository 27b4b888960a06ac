"""Sends a request whose answer a plan does not need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio

from entrypoint.adapters.machines.answers import Answer
from entrypoint.adapters.machines.call import Call
from entrypoint.adapters.machines.transport import Transport
from entrypoint.fleet.errors import FleetError

PATIENCE = 3.0
"""Seconds for the whole answer. A plan does not wait longer for what it does not need."""
REFUSALS = frozenset({400, 401, 403, 404, 405, 409, 412, 422, 501})
"""Statuses that are answers. The request is not repeated after them."""


async def ask(
    http: Transport,
    method: str,
    path: str,
    *,
    action: str,
    identifier: str,
    params: tuple[tuple[str, str], ...] = (),
    body: Mapping[str, Any] | None = None,
) -> Answer | None:
    """The answer, which may be a refusal; None if there is none in time. The request must change nothing, as it may be repeated."""
    call = Call(
        method=method,
        path=path,
        action=action,
        identifier=identifier,
        what=f"asking for {action}",
        repeatable=True,
        params=params,
        body=body,
        timeout=PATIENCE,
        patience=PATIENCE,
        accept=REFUSALS,
    )
    with anyio.move_on_after(PATIENCE):
        try:
            return await http.send(call)
        except FleetError:
            return None
    return None


def parsed(answer: Answer | None) -> Any:
    """The JSON of a success; None for everything else."""
    if answer is None or not answer.is_success:
        return None
    try:
        return answer.json()
    except FleetError:
        return None
