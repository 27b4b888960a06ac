"""The addresses of an app's first deploy: best effort, as with flyctl. A failure is reported and does not end the deploy."""

from __future__ import annotations

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import AddressKind
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import GivenAddress


async def allocate_addresses(rollout: Rollout) -> None:
    """Those of the plan that the app does not have by now; none where somebody gave it others meanwhile."""
    planned = rollout.plan.addresses
    if not planned:
        return
    try:
        have = {address.kind for address in await rollout.machines.list_addresses() or ()}
    except FleetError as error:
        _say(rollout, planned[0], why=str(error))
        return
    if have - {AddressKind.V6, *planned}:  # a v6 comes first: a run that was killed then has given it
        return
    for kind in planned:
        if kind not in have:
            await _allocate(rollout, kind)


async def _allocate(rollout: Rollout, kind: AddressKind) -> None:
    try:
        address = await rollout.halting.write(lambda: rollout.machines.allocate_address(kind))
    except FleetError as error:
        _say(rollout, kind, why=str(error))
    else:
        _say(rollout, kind, ip=address.ip)


def _say(rollout: Rollout, kind: AddressKind, *, ip: str = "", why: str = "") -> None:
    rollout.addresses.append(GivenAddress(kind=kind, ip=ip, why=why))
    rollout.progress.say("address", f"{kind} {ip or why}".strip(), ok=not why)
