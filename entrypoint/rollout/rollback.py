"""Put back what was touched: recorded configs and run states; machines made by this rollout go again.

Broken machines are put back at once; those that already serve on the new version go back group by group, no more at a time than
the rollout took. What cannot be undone (the release command, a destroyed machine) is left and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby

import anyio

from entrypoint.fleet.errors import FleetError, MachineGone
from entrypoint.fleet.marks import PLAN, SLOT
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model import Create, Destroy, Gate, GateKind, Start, Update
from entrypoint.rollout.context import Rollout, Touched
from entrypoint.rollout.gate import GateFailed, pass_gate
from entrypoint.rollout.health import RESTING
from entrypoint.rollout.outcome import RolledBack, Verdict
from entrypoint.rollout.progress import MachineEvent


async def roll_back(rollout: Rollout) -> tuple[RolledBack, ...]:
    """Undo every touched step, the broken ones first. Never raises for the API's sake: failures are in the result."""
    healthy = {r.machine for r in rollout.results if r.verdict is Verdict.DONE}
    broken = [t for t in rollout.touched if t.machine not in healthy]
    serving = [t for t in reversed(rollout.touched) if t.machine in healthy]
    done: list[RolledBack] = []
    await _undo_all(rollout, broken, done)
    widths = {group.name: max(1, group.width) for group in rollout.plan.groups}
    serving.sort(key=lambda t: t.step.group)
    async with anyio.create_task_group() as lanes:
        for group, members in groupby(serving, key=lambda t: t.step.group):
            lanes.start_soon(_undo_in_chunks, rollout, list(members), widths.get(group, 1), done)
    return tuple(sorted(done, key=lambda r: (r.group, r.region, r.machine)))


async def _undo_in_chunks(
    rollout: Rollout, members: list[Touched], width: int, done: list[RolledBack]
) -> None:
    for start in range(0, len(members), width):
        await _undo_all(rollout, members[start : start + width], done)


async def _undo_all(rollout: Rollout, members: Iterable[Touched], done: list[RolledBack]) -> None:
    async with anyio.create_task_group() as group:
        for touched in members:
            group.start_soon(_undo, rollout, touched, done)


async def _undo(rollout: Rollout, touched: Touched, done: list[RolledBack]) -> None:
    step = touched.step
    try:
        match step:
            case Update():
                action = await _restore(rollout, step.machine, gate=step.gate)
            case Start():
                await rollout.machines.stop(step.machine.id, nonce=rollout.leases.nonce(step.machine.id))
                action = "stopped again"
            case Create():
                action = await _unmake(rollout, touched)
            case Destroy():
                action = ""
            case _:
                action = ""
    except (FleetError, GateFailed) as error:
        done.append(_result(touched, action="restored", restored=False, why=str(error)))
        _say(rollout, touched, "rollback failed", ok=False, note=str(error))
        return
    if action:
        done.append(_result(touched, action=action, restored=True))
        _say(rollout, touched, action, ok=True)


async def _restore(rollout: Rollout, recorded: Machine, *, gate: Gate) -> str:
    """Back to the recorded config and run state; empty if the write had never arrived."""
    live = await rollout.machines.get(recorded.id)
    if live.version == recorded.version:
        return ""
    ran = recorded.state not in (*RESTING, "stopping", "suspending")
    nonce = rollout.leases.nonce(recorded.id)
    written = await rollout.machines.update(
        recorded.id,
        config=recorded.config,
        region=recorded.region,
        expects=live.version,
        nonce=nonce,
        skip_launch=not ran,
    )
    if not ran:
        return "restored"
    rest = Gate(kind=GateKind.REST, timeout=gate.timeout)
    seen = await pass_gate(
        rollout.machines,
        recorded.id,
        rest,
        version=written.version,
        previous=live.version,
        report=lambda _: None,
    )
    if seen.state in RESTING:
        await rollout.machines.start(recorded.id, nonce=nonce)
    await pass_gate(
        rollout.machines,
        recorded.id,
        gate,
        version=written.version,
        previous=live.version,
        report=lambda _: None,
    )
    return "restored"


async def _unmake(rollout: Rollout, touched: Touched) -> str:
    """Destroy what this rollout made, also where the answer to its creation was never seen."""
    machine = touched.machine or await _find_made(rollout, touched)
    if machine is None:
        return ""
    touched.machine = machine
    with suppress(MachineGone):
        await rollout.machines.destroy(machine, nonce=rollout.leases.nonce(machine))
    rollout.leases.drop(machine)
    return "destroyed"


async def _find_made(rollout: Rollout, touched: Touched) -> MachineId | None:
    assert isinstance(touched.step, Create)
    fleet = await rollout.machines.observe()
    for machine in fleet.machines:
        metadata = machine.metadata
        if metadata.get(PLAN) == rollout.digest and metadata.get(SLOT) == str(touched.step.slot):
            return machine.id
    return None


def _result(touched: Touched, *, action: str, restored: bool, why: str = "") -> RolledBack:
    return RolledBack(
        machine=touched.machine or MachineId(""),
        group=touched.step.group,
        region=touched.step.region,
        action=action,
        restored=restored,
        why=why,
    )


def _say(rollout: Rollout, touched: Touched, what: str, *, ok: bool, note: str = "") -> None:
    rollout.progress.machine(
        MachineEvent(
            group=touched.step.group,
            machine=touched.machine or MachineId(""),
            region=touched.step.region,
            what=what,
            seconds=anyio.current_time() - rollout.begun,
            final=True,
            ok=ok,
            note=note,
        )
    )
