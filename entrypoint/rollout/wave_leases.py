"""Leases that are taken for one wave only, on machines that the proxy may have to start: it cannot start a leased machine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import anyio

from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.model import Machine
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    LeaseSpan,
    Route,
    Start,
    Step,
    Update,
)
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import HealthGateFailed
from entrypoint.rollout.outcome import Halted, HaltKind
from entrypoint.rollout.recheck import recheck_machine


async def lease_wave(rollout: Rollout, steps: Sequence[Step]) -> bool:
    """Lease the machines and check that they are as planned. Returns whether the wave may begin; else halts the rollout."""
    wanted = {machine.id: step for step in steps if (machine := leased_for_wave(step)) is not None}
    if not wanted:
        return True
    try:
        await rollout.leases.acquire(wanted, description=rollout.job.description)
        moved = await _recheck(rollout, [m for step in steps if (m := leased_for_wave(step)) is not None])
    except FleetError as error:
        rollout.halting.halt(Halted(kind=HaltKind.REFUSED, message=str(error), hint=error.hint))
        return False
    for machine, how in moved:
        message = f"It {how} since the plan was made, and was left as it is."
        group = wanted[machine.id].group
        rollout.halting.halt(Halted(kind=HaltKind.REFUSED, message=message, group=group, machine=machine.id))
    return not moved


async def lease_alone(rollout: Rollout, step: Step) -> None:
    """The same for one step whose failure does not stop others. Raises FleetError, and HealthGateFailed if its machine has changed."""
    machine = leased_for_wave(step)
    if machine is None:
        return
    await rollout.leases.acquire([machine.id], description=rollout.job.description)
    how = await recheck_machine(rollout, machine)
    if how:
        raise HealthGateFailed(f"it {how} since the plan was made, and was left as it is")


def leased_for_wave(step: Step) -> Machine | None:
    """The machine whose lease is taken for this step only; None if there is none."""
    match step:
        case Create() | Discard():
            return None
        case Update() | Start() | Route() | Cordon() | Destroy():
            return step.machine if step.lease is LeaseSpan.WAVE and not step.done else None
        case _:
            assert_never(step)


async def _recheck(rollout: Rollout, machines: Sequence[Machine]) -> list[tuple[Machine, str]]:
    moved: list[tuple[Machine, str]] = []
    failed: list[FleetError] = []

    async def look(machine: Machine) -> None:
        try:
            how = await recheck_machine(rollout, machine)
        except FleetError as error:
            failed.append(error)
        else:
            if how:
                moved.append((machine, how))

    async with anyio.create_task_group() as group:
        for machine in machines:
            group.start_soon(look, machine)
    if failed:
        raise failed[0]
    return moved
