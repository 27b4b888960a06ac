"""Starts a machine under its lease."""

from __future__ import annotations

from entrypoint.kernel.ids import MachineId
from entrypoint.rollout.context import Rollout


async def start_machine(rollout: Rollout, machine: MachineId) -> None:
    """Start it, unless the rollout is stopped while it is read. Raises FleetError."""
    await rollout.halting.write_after(
        lambda: rollout.machines.get(machine),
        lambda before: rollout.machines.start(before, nonce=rollout.leases.nonce(machine)),
    )
