"""Starts a machine under its lease."""

from __future__ import annotations

import anyio

from entrypoint.kernel.ids import MachineId
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.halting import WRITE_PATIENCE
from entrypoint.rollout.patience import patiently


async def start_machine(rollout: Rollout, machine: MachineId) -> None:
    """Start it, unless the rollout is stopped while it is read. Raises FleetError."""
    until = anyio.current_time() + WRITE_PATIENCE
    before = await patiently(lambda: rollout.machines.get(machine), until=until)
    await rollout.halting.write(lambda: rollout.machines.start(before, nonce=rollout.leases.nonce(machine)))
