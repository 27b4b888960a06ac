"""Leases that somebody holds now (GET /v1/apps/{app}/machines with `include_leases`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from entrypoint.adapters.machines.preflight.question import ask, parsed
from entrypoint.adapters.machines.transport import Transport
from entrypoint.kernel.ids import MachineId

if TYPE_CHECKING:
    from entrypoint.fleet.model import HeldLease

PAGE = 1000


async def ask_leases(http: Transport, *, root: str) -> Mapping[MachineId, HeldLease] | None:
    """The leases by machine, of the first 1,000 machines. More pages would delay the list that a plan needs, because both share a limit.

    This is a list of its own, because Fly reads leases from the machines' hosts, and a slow host must not delay the plan.
    """
    params = (("include_leases", "true"), ("limit", str(PAGE)))
    answer = await ask(http, "GET", f"{root}/machines", action="list", identifier=root, params=params)
    body = parsed(answer)
    if answer is None or body is None:
        return None
    from entrypoint.adapters.machines.wire import read_held_lease, read_lease, read_rows

    try:
        rows = read_rows(body, key="machines")
    except ValueError:
        return None
    date = answer.headers.get("date", "")
    held = {row["id"]: read_lease(row.get("lease")) for row in rows}
    leases = {
        MachineId(machine): read_held_lease(lease, date=date) for machine, lease in held.items() if lease
    }
    return {
        machine: lease
        for machine, lease in leases.items()
        if lease.seconds_left is None or lease.seconds_left > 0
    }
