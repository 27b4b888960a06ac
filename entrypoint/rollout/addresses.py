"""The addresses of an app's first deploy. As in flyctl, a failure is reported, but does not end the deploy."""

from __future__ import annotations

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import AddressKind
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import GivenAddress


async def allocate_addresses(rollout: Rollout) -> None:
    """Allocate the planned addresses that the app does not have; none if somebody has given it others since."""
    planned = rollout.plan.addresses
    if not planned:
        return
    try:
        have = {address.kind for address in await rollout.machines.list_addresses() or ()}
    except FleetError as error:
        _say(rollout, planned[0], why=str(error))
        return
    if have - {
        AddressKind.V6,
        *planned,
    }:  # a v6 does not count: a killed run may have allocated it, as it comes first
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
