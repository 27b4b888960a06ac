"""Waits until a machine is destroyed."""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import MachineGone, Unavailable
from entrypoint.fleet.states import DEAD
from entrypoint.kernel.ids import MachineId, Version
from entrypoint.rollout.expectation import Expectation, HealthGateFailed, long_poll, pace
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.start_gate import SLICE


async def wait_gone(machines: Machines, machine: MachineId, *, timeout: float) -> None:
    """Wait until a machine is destroyed, or irrevocably being destroyed. Raises HealthGateFailed."""
    deadline = anyio.current_time() + timeout
    expected = Expectation(machine=machine, version=Version(""))
    while True:
        begun = anyio.current_time()
        left = deadline - begun
        await long_poll(machines, expected, "destroyed", timeout=min(SLICE, left))
        try:
            seen = await machines.get(machine)
        except MachineGone:
            return
        except Unavailable:
            if left <= 0:
                raise
            await pace(begun)
            continue
        if seen.state in DEAD:
            return
        if left <= 0:
            raise HealthGateFailed(f"it is {seen.state} and was not destroyed within {timeout:.0f} s")
        await pace(begun)
