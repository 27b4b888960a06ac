"""Waits for machines that somebody is just updating: whether they run or stay stopped shows only after that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import REPLACING
from entrypoint.kernel.ids import MachineId
from entrypoint.rollout.expectation import POLL
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.reread import reread

REPLACED_WITHIN = 15.0
"""Seconds; an update takes about four. A machine that takes longer may hang, and a deploy is its cure."""


async def read_replaced(machines: Machines, machine: MachineId, *, until: float | None = None) -> Machine:
    """The machine once it is not being replaced any more, or as it is at the time `until`. Raises FleetError."""
    until = anyio.current_time() + REPLACED_WITHIN if until is None else until
    while True:
        now = await machines.get(machine)
        if now.state not in REPLACING or anyio.current_time() >= until:
            return now
        await anyio.sleep(POLL)


async def reread_replaced(
    machines: Machines, listed: Sequence[Machine], wanted: Iterable[MachineId]
) -> tuple[Machine, ...]:
    """The machines of a list, with those of `wanted` that are being replaced as they are after that. Raises FleetError."""
    replacing = {machine.id for machine in listed if machine.state in REPLACING}
    until = anyio.current_time() + REPLACED_WITHIN
    return await reread(partial(read_replaced, machines, until=until), listed, replacing.intersection(wanted))
