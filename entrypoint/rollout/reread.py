"""Reads machines one by one before they are reported, because lists come from replicas that lag."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from entrypoint.concurrency import gather
from entrypoint.fleet.errors import MachineGone
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId

_AT_ONCE = 40


Read = Callable[[MachineId], Awaitable[Machine]]


async def reread(get: Read, listed: Iterable[Machine], suspects: Iterable[MachineId]) -> tuple[Machine, ...]:
    """The machines of a list, with each of `suspects` as `get` shows it. Destroyed ones are left out. Raises FleetError."""
    asked = list(dict.fromkeys(suspects))

    async def read(machine: MachineId) -> Machine | None:
        try:
            return await get(machine)
        except MachineGone:
            return None

    found = dict(
        zip(asked, await gather([partial(read, id_) for id_ in asked], at_once=_AT_ONCE), strict=True)
    )
    seen = {**{machine.id: machine for machine in listed}, **found}
    return tuple(machine for machine in seen.values() if machine is not None)
