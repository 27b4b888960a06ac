"""The proof after a rollout: every planned machine is as planned, and there is no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import assert_never

import anyio

from entrypoint.fleet.extras import CANARY
from entrypoint.fleet.images import runs_image
from entrypoint.fleet.managed import is_managed
from entrypoint.fleet.marks import PLAN, Slot
from entrypoint.fleet.model import HostStatus, Machine
from entrypoint.fleet.normalise import is_same_config
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.planning.model.steps import (
    Cordon,
    Create,
    Destroy,
    Discard,
    Route,
    Start,
    Step,
    Update,
    machine_of,
)
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.expectation import without_old_exits
from entrypoint.rollout.health import is_as_gated
from entrypoint.rollout.outcome import Proof, ProofRow, StepStatus
from entrypoint.rollout.reread import reread

FRESH = 0.25
"""Seconds. A list that was requested no longer ago is used instead of a new one."""
ATTEMPTS = 4
PAUSE = 2.0
"""Seconds between readings, because lists come from replicas that lag."""


async def prove(rollout: Rollout) -> Proof:
    """Compare the fleet with the plan, up to ATTEMPTS times if it differs. Machines that differ are read one by one. Raises FleetError.

    If the list that showed the last machine healthy also shows all others as planned, it is enough.
    """
    newest = rollout.looks.newest(since=anyio.current_time() - FRESH)
    seen = tuple(newest.values()) if newest is not None else await rollout.machines.list_machines()
    failed = [r.machine for r in rollout.ledger.results if r.status is StepStatus.FAILED and r.machine]
    seen = await reread(
        rollout.machines.get, seen, failed
    )  # one that could not be destroyed may not be listed
    proof = _compare(rollout, seen)
    for attempt in range(ATTEMPTS):
        if not proof.problems:
            break
        if attempt:
            await anyio.sleep(PAUSE)
            seen = await rollout.machines.list_machines()
        suspects = [row.machine for row in proof.rows if row.machine]
        proof = _compare(rollout, await reread(rollout.machines.get, seen, suspects))
    return proof


def _compare(rollout: Rollout, machines: Iterable[Machine]) -> Proof:
    live = {machine.id: machine for machine in machines if machine.state not in LEAVING}
    plan = rollout.plan
    leaving = frozenset(step.id for _, step in plan.steps() if isinstance(step, Destroy))
    rows: list[ProofRow] = []
    expected: set[MachineId] = set()
    silent: list[MachineId] = []
    for _, step in plan.steps():
        row = _row_of_step(rollout, step, live, leaving=leaving)
        machine = _machine_id(rollout, step)
        if machine is not None and _stays(step) and machine not in leaving:
            expected.add(machine)
        if row is not None:
            rows.append(row)
    for group in plan.groups:
        for kept in group.kept:
            now = live.get(kept.machine.id)
            if now is not None and now.host_status is not HostStatus.OK:
                silent.append(now.id)  # what Fly shows is what was last known
                continue
            expected.add(kept.machine.id)
            if now is None or now.version != kept.machine.version:
                place = (kept.machine.id, kept.group, kept.machine.region)
                rows.append(_row(*place, was=kept.machine, now=now, should="unchanged", written=False))
    known = expected | leaving | {*silent}
    strangers = [m for m in live.values() if m.id not in known and is_managed(m)]
    should = "not there: it is not in the plan"
    rows += [
        _row(m.id, _group(m), m.region, was=None, now=m, should=should, written=False) for m in strangers
    ]
    problems = tuple(
        f"{row.group} {row.machine} in {row.region}: is {row.now}, should be {row.should}" for row in rows
    )
    bad = {row.machine for row in rows}
    return Proof(
        verified=len(expected - bad),
        expected=len(expected),
        problems=problems,
        rows=tuple(rows),
        silent=tuple(silent),
    )


def _machine_id(rollout: Rollout, step: Step) -> MachineId | None:
    match step:
        case Create() | Discard():
            return rollout.ledger.made.get(step.slot)
        case Route():
            return step.machine.id if step.machine else rollout.ledger.made.get(_place(step))
        case Destroy():
            return step.id
        case Update() | Start() | Cordon():
            return step.machine.id
        case _:
            assert_never(step)


def _place(step: Route) -> Slot:
    assert step.slot is not None, "a Route has a machine or a slot"
    return step.slot


def _stays(step: Step) -> bool:
    """Whether the step's machine exists after the rollout."""
    match step:
        case Create():
            return step.extra != CANARY
        case Update() | Start() | Route():
            return True
        case Cordon() | Discard() | Destroy():
            return False
        case _:
            assert_never(step)


def _row_of_step(
    rollout: Rollout, step: Step, live: Mapping[MachineId, Machine], *, leaving: AbstractSet[MachineId]
) -> ProofRow | None:
    """The row of a step whose machine is not as planned; None if it is. `leaving`: the machines that the plan destroys."""
    machine = _machine_id(rollout, step)
    now = live.get(machine) if machine else None
    should = _what_it_should_be(rollout, step, now, leaving=leaving)
    if not should:
        return None
    was = machine_of(step)
    place = machine or MachineId("")
    return _row(place, step.group, step.region, was=was, now=now, should=should, written=True)


def _what_it_should_be(
    rollout: Rollout, step: Step, now: Machine | None, *, leaving: AbstractSet[MachineId]
) -> str:
    """What the machine should be, in words; empty if it is."""
    match step:
        case Destroy() | Discard():
            # If its host does not answer, its end cannot be seen.
            return "" if now is None or now.host_status is not HostStatus.OK else "destroyed"
        case Cordon():  # its Destroy tells
            return ""
        case Route() if step.machine is not None and step.machine.id in leaving:
            return ""  # it served only until another replaced it
        case Route():
            return "" if now is not None and not now.cordoned else "uncordoned"
        case Create() if not _stays(step):
            return ""
        case Create() | Update() | Start():
            written = rollout.ledger.written.get(now.id) if now is not None else None
            if now is None or written is None:
                return _should(rollout)
            if now.version != written.expected.version:
                return f"at version {written.expected.version}"
            if not isinstance(step, Start) and not _runs_plan(rollout, step, now):
                return _should(rollout)
            now = without_old_exits(now, written.expected)  # a machine that is only started keeps its history
            return "" if is_as_gated(now, written.gate, passed=written.passed) else "healthy"
        case _:
            assert_never(step)


def _runs_plan(rollout: Rollout, step: Create | Update, machine: Machine) -> bool:
    """Whether it has the mark of this plan, its image, and exactly the config that was sent."""
    sent = rollout.ledger.wrote(machine.id)
    if sent is None and isinstance(step, Update):
        sent = step.config  # another run of this plan sent it
    return (
        machine.metadata.get(PLAN) == rollout.job.digest
        and runs_image(machine, rollout.plan.image.ref)
        and (sent is None or is_same_config(machine.config, sent))
    )


def _should(rollout: Rollout) -> str:
    return f"on {rollout.plan.image.ref or 'its image'} with the planned config"


def _group(machine: Machine) -> GroupName:
    return GroupName(machine.metadata.get("fly_process_group", ""))


def _describe(machine: Machine | None) -> str:
    if machine is None:
        return "gone"
    image = machine.config.get("image")
    checks = (
        f", {sum(c.status == 'passing' for c in machine.checks)}/{len(machine.checks)} checks"
        if machine.checks
        else ""
    )
    return f"{machine.state} on {image if isinstance(image, str) else 'an unknown image'}{checks}"


def _row(
    machine: MachineId,
    group: GroupName,
    region: Region,
    *,
    was: Machine | None,
    now: Machine | None,
    should: str,
    written: bool,
) -> ProofRow:
    return ProofRow(
        machine=machine,
        group=group,
        region=region,
        was="–" if was is None else _describe(was),
        now=_describe(now),
        should=should,
        written=written,
    )
