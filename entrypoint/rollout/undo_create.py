"""Undoes a create: the machine is destroyed, unless it runs in place of one that is gone."""

from __future__ import annotations

from contextlib import suppress

from entrypoint.fleet.errors import LeaseHeld, MachineGone
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import Create, Destroy
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import HealthGateFailed
from entrypoint.rollout.ledger import Touched


async def unmake(rollout: Rollout, made: Touched) -> None:
    """Destroy a machine that this rollout created; nothing if there is none. Raises FleetError, and HealthGateFailed if it stands in."""
    machine = made.machine
    if machine is None:
        return
    if isinstance(made.step, Create) and stands_in(rollout, made):
        raise HealthGateFailed(f"it runs in place of {made.step.replaces}, which is gone")
    rollout.leases.leaving(machine)
    with suppress(MachineGone):
        try:
            await _destroy(rollout, machine)
        except LeaseHeld:  # our own may be left, if Fly refused to end it: it expires
            await rollout.leases.acquire([machine], description=rollout.job.description)
            await _destroy(rollout, machine)
    rollout.leases.drop(machine)


def stands_in(rollout: Rollout, made: Touched) -> bool:
    """Whether it runs in place of a machine that this rollout has destroyed."""
    replaces = made.step.replaces if isinstance(made.step, Create) else None
    gone = {t.machine for t in rollout.ledger.touched if isinstance(t.step, Destroy)}
    return made.up and replaces is not None and replaces in gone


async def _destroy(rollout: Rollout, machine: MachineId) -> None:
    await rollout.halting.write(
        lambda: rollout.machines.destroy(machine, nonce=rollout.leases.nonce(machine))
    )
