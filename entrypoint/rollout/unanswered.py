"""Finds the machines whose create got no answer, so that a rollback can destroy what exists."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from entrypoint.fleet.marks import PLAN, SLOT
from entrypoint.planning.model.steps import Create
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.patience import patiently

LOOKS = (0.0, 3.0)
"""Seconds before each list of all machines: one for all that are missing, because Fly allows one a second."""


async def find_unanswered(rollout: Rollout, made: Sequence[Touched], *, until: float) -> None:
    """Note the machines that exist. Raises FleetError if Fly does not answer until then (anyio's clock)."""
    missing = {str(t.step.slot): t for t in made if isinstance(t.step, Create) and t.machine is None}
    for seconds in LOOKS:
        if not missing:
            return
        await anyio.sleep(seconds)
        for machine in await patiently(rollout.machines.list_machines, until=until):
            if machine.metadata.get(PLAN) == rollout.job.digest:
                found = missing.pop(machine.metadata.get(SLOT, ""), None)
                if found is not None:
                    found.machine = machine.id
