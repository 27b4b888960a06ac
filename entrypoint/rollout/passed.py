"""Watches machines that have passed while the rollout goes on. One that is no longer healthy halts it."""

from __future__ import annotations

import anyio

from entrypoint.fleet.errors import FleetError, MachineGone
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import without_old_exits
from entrypoint.rollout.health import Health, Reading, read_passed
from entrypoint.rollout.ledger import Written
from entrypoint.rollout.outcome import Halted, HaltKind

EVERY = 5.0
"""Seconds. A list of the app's machines is read at least so often; it may be one that another part requested."""


async def watch_passed(rollout: Rollout) -> None:
    """Watch until cancelled. Halts the rollout if a list and then a read of the machine itself show that it is not healthy."""
    while True:
        if not any(written.passed for written in rollout.ledger.written.values()):
            await anyio.sleep(EVERY)
            continue
        try:
            listed = await rollout.looks.next_list(within=EVERY)
        except FleetError:
            continue
        for machine in _suspects(rollout, listed):
            await _look(rollout, machine)


def _suspects(rollout: Rollout, listed: dict[MachineId, Machine]) -> list[MachineId]:
    return [
        machine
        for machine, written in rollout.ledger.written.items()
        if _is_watched(written) and _read(listed.get(machine), written).health is Health.BROKEN
    ]


def _is_watched(written: Written) -> bool:
    return written.passed and written.runs


def _read(seen: Machine | None, written: Written) -> Reading:
    """The machine's health. At another version somebody else has changed it, which the proof reports; so it passes here."""
    if seen is None:
        return Reading(health=Health.BROKEN, progress="gone", why="it passed, and then somebody destroyed it")
    if not written.expected.is_ours(seen):
        return Reading(health=Health.PASSED, progress=seen.state)
    return read_passed(without_old_exits(seen, written.expected), written.gate)


async def _look(rollout: Rollout, machine: MachineId) -> None:
    written = rollout.ledger.written.get(machine)
    if written is None:  # it was taken away meanwhile, as planned
        return
    seen: Machine | None = None
    try:
        seen = await rollout.machines.get(machine)
    except MachineGone:
        pass
    except FleetError:
        return
    reading = _read(seen, written)
    account = rollout.ledger.written.get(machine)
    if reading.health is not Health.BROKEN or account is None or not account.passed:
        return
    step = next((result.step for result in rollout.ledger.results if result.machine == machine), None)
    if step is None:  # it goes on, with a test or an uncordon: the machine is judged when it has ended
        return
    rollout.ledger.fail_passed(machine, why=reading.why)
    rollout.halting.halt(
        Halted(
            kind=HaltKind.UNHEALTHY,
            message=reading.why,
            detail=reading.said,
            group=step.group,
            machine=machine,
        )
    )
