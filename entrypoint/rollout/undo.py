"""The rollback: changed machines get their recorded config and run state again, and machines that this rollout created are destroyed.

Machines that do not run are restored at once. Those that serve the new version are restored group by group, no more at a time than in the
rollout, and only as long as the others of their group run, so that a rollback does not take down what runs. New machines are destroyed
last. What cannot be undone (the release command, a destroyed machine) is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from typing import assert_never

import anyio

from entrypoint.fleet.errors import FleetError, MachineGone
from entrypoint.fleet.states import DEAD
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.steps import (
    DRAIN_SECONDS,
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Swap,
    Update,
)
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.done_before import done_before
from entrypoint.rollout.expectation import HealthGateFailed
from entrypoint.rollout.ledger import Touched
from entrypoint.rollout.outcome import RolledBack
from entrypoint.rollout.patience import patiently
from entrypoint.rollout.progress import MachineEvent
from entrypoint.rollout.restore import NotHealthy, restore
from entrypoint.rollout.still_down import first_down, is_back
from entrypoint.rollout.unanswered import find_unanswered
from entrypoint.rollout.undo_create import stands_in, unmake
from entrypoint.rollout.undo_switch import (
    ROUTED,
    back_into_routing,
    must_stay,
    out_of_routing,
    take_out_made,
)

PATIENCE = 120.0
"""Seconds. If Fly does not answer for so long, the machine is not restored, and a person has to do it. A lease that somebody holds is waited for besides."""
RESTORED, DESTROYED, STOPPED_AGAIN = "restored", "destroyed", "stopped again"


async def roll_back(rollout: Rollout) -> None:
    """Undo every step that was begun, and a swap whole. The results are in `Touched.undone`. Never raises FleetError."""
    touched = rollout.ledger.touched
    touched += done_before(rollout)
    made = [t for t in touched if isinstance(t.step, Create)]
    cordoned = [t for t in touched if isinstance(t.step, Cordon)]
    routed = [t for t in touched if isinstance(t.step, Route)]
    others = [t for t in touched if not isinstance(t.step, Create | Cordon | Route)]
    down = [t for t in others if not t.up]
    serving = sorted((t for t in others if t.up), key=lambda t: t.step.group)
    await _undo_all(rollout, cordoned)
    stays = must_stay(cordoned)
    if cordoned:
        await anyio.sleep(DRAIN_SECONDS)  # the old machines must get requests before the new ones get none
    await _undo_all(rollout, [t for t in routed if t.step.group not in stays])
    await _undo_all(rollout, down)
    widths = {group.name: max(1, group.width) for group in rollout.plan.groups}
    async with anyio.create_task_group() as lanes:
        for group, members in groupby(serving, key=lambda t: t.step.group):
            still_down = [t for t in down if t.step.group == group]
            lanes.start_soon(_undo_serving, rollout, list(members), still_down, widths.get(group, 1))
    if routed:
        await anyio.sleep(DRAIN_SECONDS)  # until the requests to the new machines have ended
    for t in made:
        if t.step.group in stays:
            why = "stays uncordoned, because not all old machines of its group could be uncordoned"
            t.undone = _result(t, action=DESTROYED, why=why)
    leaving = [t for t in made if t.step.group not in stays]
    try:
        await find_unanswered(rollout, leaving, until=anyio.current_time() + PATIENCE)
    except FleetError as error:
        for t in leaving:
            if t.machine is None:
                _fail(rollout, t, str(error))
        leaving = [t for t in leaving if t.machine is not None]
    going = [t for t in leaving if not stands_in(rollout, t)]
    await take_out_made(rollout, going, routed=routed)
    # Killed in between, a rollback would leave a standby that nothing ever starts.
    await _undo_all(rollout, [t for t in leaving if _stands_by(t)])
    await _undo_all(rollout, [t for t in leaving if not _stands_by(t)])


def _stands_by(touched: Touched) -> bool:
    return isinstance(touched.step, Create) and touched.step.standby_for is not None


def undone(rollout: Rollout, *, interrupted: bool) -> tuple[RolledBack, ...]:
    """What the rollback did, by machine. `interrupted`: also names the machines that it did not reach."""
    results = [
        touched.undone
        or _result(touched, action=_attempted(touched.step), why="the run was cancelled before that")
        for touched in rollout.ledger.touched
        if touched.undone is not None or interrupted
    ]
    said = [r for r in results if r.action]
    return tuple(sorted(said, key=lambda r: (r.group, r.region, r.machine)))


async def _undo_serving(
    rollout: Rollout, members: Sequence[Touched], down: Sequence[Touched], width: int
) -> None:
    """Undo the newest first. Stops at the first machine that does not start, because the others run, with the new version.

    `down`: the members of the group that did not run, and were undone before these.
    """
    newest = list(reversed(members))
    failed = await first_down(rollout, down)
    for start in range(0, len(newest), width):
        if failed is not None:
            why = f"left running on the new version, because {failed.machine} did not come back"
            for touched in newest[start:]:
                touched.undone = _result(touched, action=_attempted(touched.step), why=why)
            return
        chunk = newest[start : start + width]
        await _undo_all(rollout, chunk)
        failed = next((t for t in chunk if not is_back(t)), None)


async def _undo_all(rollout: Rollout, members: Sequence[Touched]) -> None:
    async with anyio.create_task_group() as group:
        for touched in members:
            group.start_soon(_undo, rollout, touched)


async def _undo(rollout: Rollout, touched: Touched) -> None:
    try:
        action = await patiently(lambda: _undo_step(rollout, touched), until=anyio.current_time() + PATIENCE)
    except NotHealthy as ill:
        why = str(ill)
        touched.undone = replace(_result(touched, action=RESTORED, why=why), restored=True, healthy=False)
        _say(rollout, touched, "restored, but not healthy", ok=False, note=why)
    except (FleetError, HealthGateFailed) as error:
        _fail(rollout, touched, str(error))
    else:
        touched.undone = replace(_result(touched, action=action), restored=True)
        if action:
            _say(rollout, touched, action, ok=True)


def _fail(rollout: Rollout, touched: Touched, why: str) -> None:
    touched.undone = _result(touched, action=_attempted(touched.step), why=why)
    _say(rollout, touched, "rollback failed", ok=False, note=why)


def _attempted(step: Step) -> str:
    """What undoing a step would have done, in a word."""
    match step:
        case Create():
            return DESTROYED
        case Start():
            return STOPPED_AGAIN
        case Update() | Destroy():
            return RESTORED
        case Cordon():
            return ROUTED
        case Route() | Discard():
            return ""
        case _:
            assert_never(step)


async def _undo_step(rollout: Rollout, touched: Touched) -> str:
    """Undo one step. Returns what was done, in a word; empty if there was nothing to undo."""
    match touched.step:
        case Update():
            return await restore(
                rollout, touched.step, touched.expected, on_written=lambda: _written_back(touched)
            )
        case Start():
            machine = touched.step.machine.id
            await rollout.leases.acquire([machine], description=rollout.job.description)
            await rollout.halting.write(
                lambda: rollout.machines.stop(machine, nonce=rollout.leases.nonce(machine))
            )
            return STOPPED_AGAIN
        case Create():
            await unmake(rollout, touched)
            return DESTROYED if touched.machine else ""
        case Route():
            return await out_of_routing(rollout, touched)
        case Cordon():
            return await back_into_routing(rollout, touched.step)
        case Discard():  # its machine is destroyed anyway
            return ""
        case Destroy(swap=Swap.LEFT_OVER):  # it is not restored
            return ""
        case Destroy():
            return await _check_alive(rollout, touched.step.id)
        case _:
            assert_never(touched.step)


def _written_back(touched: Touched) -> None:
    """Record that it was restored but not checked, in case the run is cancelled before its gate."""
    why = "the run was cancelled before it was seen to run"
    touched.undone = replace(_result(touched, action=RESTORED, why=why), restored=True, healthy=False)


async def _check_alive(rollout: Rollout, machine: MachineId) -> str:
    """Nothing to undo if the destroy was refused. Raises HealthGateFailed if the machine is destroyed, which cannot be undone."""
    with suppress(MachineGone):
        if (await rollout.machines.get(machine)).state not in DEAD:
            return ""
    raise HealthGateFailed("it was destroyed, and a destroyed machine cannot be brought back")


def _result(touched: Touched, *, action: str, why: str = "") -> RolledBack:
    return RolledBack(
        machine=touched.machine or MachineId(""),
        group=touched.step.group,
        region=touched.step.region,
        action=action,
        restored=False,
        why=why,
    )


def _say(rollout: Rollout, touched: Touched, what: str, *, ok: bool, note: str = "") -> None:
    rollout.progress.machine(
        MachineEvent(
            group=touched.step.group,
            machine=touched.machine or MachineId(""),
            region=touched.step.region,
            what=what,
            seconds=anyio.current_time() - rollout.job.begun,
            final=True,
            ok=ok,
            note=note,
        )
    )
