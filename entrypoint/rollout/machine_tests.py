"""Machine checks: each is a machine that runs one command to test a machine which has just passed its gate, and is then destroyed.

It is leased while it runs. So if one has no lease, its run was killed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import anyio

from entrypoint.concurrency import gather
from entrypoint.fleet.errors import FleetError
from entrypoint.fleet.managed import group_name
from entrypoint.fleet.marks import PLAN
from entrypoint.fleet.model import TEST_GROUP, Fleet, Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import HealthGate, MachineTest
from entrypoint.rollout.bodies import test_body, test_name
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import Expectation, HealthGateFailed
from entrypoint.rollout.leases import TTL
from entrypoint.rollout.ports import Machines
from entrypoint.rollout.task_machine import Task, TaskEnd, run_task

CLEAN_WITHIN = 2.0
"""Seconds for destroying a test machine that has not ended by itself, even while being cancelled."""
_PATIENCE = TTL + 2.0
"""Seconds to wait until the lease of a killed run has expired."""


async def run_tests(
    rollout: Rollout, tested: Machine, gate: HealthGate, *, report: Callable[[str], None]
) -> None:
    """Run all tests of the gate, side by side. Raises FleetError, and HealthGateFailed for the first that fails."""
    if not gate.tests:
        return
    report(f"testing ({len(gate.tests)})")
    ends = await gather(
        [partial(_run_test, rollout, tested, place, test, gate) for place, test in enumerate(gate.tests)]
    )
    for test, end in zip(gate.tests, ends, strict=True):
        if end.exit_code != 0:
            raise HealthGateFailed(_why(test, end, timeout=gate.timeout))


async def _run_test(
    rollout: Rollout, tested: Machine, place: int, test: MachineTest, gate: HealthGate
) -> TaskEnd:
    made: list[MachineId] = []
    end: TaskEnd | None = None
    expected = Expectation(machine=tested.id, version=tested.version)
    task = Task(
        name=lambda attempt: test_name(expected, place, plan=rollout.job.digest, attempt=attempt),
        region=tested.region,
        config=test_body(
            test,
            address=tested.private_ip,
            plan=rollout.job.digest,
            release=rollout.release.row,
            run=rollout.job.marks,
        ),
        timeout=gate.timeout,
        lease_ttl=TTL,
    )
    try:
        end = await run_task(rollout, task, on_made=made.append)
    finally:
        for machine in made:
            await _take_away(rollout, machine, ended=end is not None and end.ended)
    return end


async def _take_away(rollout: Rollout, machine: MachineId, *, ended: bool) -> None:
    """Destroy a test machine, unless it has ended: then it destroys itself."""
    if not ended:
        with anyio.move_on_after(CLEAN_WITHIN, shield=True), suppress(FleetError):
            await rollout.machines.destroy(machine, nonce=rollout.leases.nonce(machine))
    rollout.leases.drop(machine)


def _why(test: MachineTest, end: TaskEnd, *, timeout: float) -> str:
    what = f"its {test.label}"
    if end.exit_code is not None:
        return f"{what} ended with exit code {end.exit_code}"
    if end.ended:
        return f"{what} ended, and Fly does not tell its exit code"
    return f"{what} did not end within {timeout:.0f} s"


async def remove_left_tests(machines: Machines, fleet: Fleet) -> None:
    """Destroy the test machines of killed runs. Waits until their leases have expired. Those of running runs are kept. Never raises
    FleetError.
    """
    left = [
        machine
        for machine in fleet.machines
        if group_name(machine) == TEST_GROUP and PLAN in machine.metadata
    ]
    async with anyio.create_task_group() as group:
        for machine in left:
            group.start_soon(_remove, machines, machine)


async def _remove(machines: Machines, machine: Machine) -> None:
    with suppress(FleetError):
        lease = await machines.acquire_lease(
            machine.id, ttl=TTL, description="flightplan", patience=_PATIENCE
        )
        await machines.destroy(machine.id, nonce=lease.nonce)
