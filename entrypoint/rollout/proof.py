"""Afterwards: is every planned machine as planned, and is there none that nobody planned?"""

from __future__ import annotations

import anyio

from entrypoint.fleet.images import runs_image
from entrypoint.fleet.managed import is_managed
from entrypoint.fleet.marks import PLAN
from entrypoint.fleet.model import Fleet, Machine
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Destroy, Replace, Start, Step, Update
from entrypoint.rollout.closer import look_closer
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.health import is_as_gated
from entrypoint.rollout.outcome import Proof, ProofRow

ATTEMPTS = 4
PAUSE = 2.0
"""Seconds between readings: lists come from replicas that lag (machines-api §1)."""


async def prove(rollout: Rollout) -> Proof:
    """Compare the fleet with the plan, again while it does not match; what does not match is read by itself. Raises FleetError."""
    proof = _compare(rollout, await rollout.machines.observe())
    for attempt in range(ATTEMPTS):
        if not proof.problems:
            break
        if attempt:
            await anyio.sleep(PAUSE)
        fleet = await rollout.machines.observe()
        suspects = [row.machine for row in proof.rows if row.machine]
        proof = _compare(rollout, await look_closer(rollout.machines, fleet, suspects))
    return proof


def _compare(rollout: Rollout, fleet: Fleet) -> Proof:
    live = {machine.id: machine for machine in fleet.machines if machine.state not in LEAVING}
    plan = rollout.plan
    rows: list[ProofRow] = []
    expected: set[MachineId] = set()
    for _, step in plan.steps():
        row = _row_of_step(rollout, step, live)
        machine = _machine_id(rollout, step)
        if machine is not None and not isinstance(step, Destroy):
            expected.add(machine)
        if row is not None:
            rows.append(row)
    for group in plan.groups:
        for kept in group.kept:
            expected.add(kept.machine.id)
            now = live.get(kept.machine.id)
            if now is None or now.version != kept.machine.version:
                rows.append(
                    _row(
                        kept.machine.id,
                        kept.group,
                        kept.machine.region,
                        was=kept.machine,
                        now=now,
                        should="left alone",
                    )
                )
    strangers = [
        m
        for m in live.values()
        if is_managed(m) and m.id not in expected and not _is_planned_destroy(plan, m.id)
    ]
    rows += [
        _row(m.id, _group(m), m.region, was=None, now=m, should="not there: nobody planned it")
        for m in strangers
    ]
    problems = tuple(
        f"{row.group} {row.machine} in {row.region}: is {row.now}, should be {row.should}" for row in rows
    )
    bad = {row.machine for row in rows}
    return Proof(verified=len(expected - bad), expected=len(expected), problems=problems, rows=tuple(rows))


def _machine_id(rollout: Rollout, step: Step) -> MachineId | None:
    match step:
        case Create():
            return rollout.made.get(step.slot)
        case Destroy():
            return step.id
        case Update() | Start() | Replace():
            return step.machine.id


def _is_planned_destroy(plan: Plan, machine: MachineId) -> bool:
    return any(isinstance(step, Destroy) and step.id == machine for _, step in plan.steps())


def _row_of_step(rollout: Rollout, step: Step, live: dict[MachineId, Machine]) -> ProofRow | None:
    """The row of a step that is not as planned; None where it is."""
    machine = _machine_id(rollout, step)
    now = live.get(machine) if machine else None
    if isinstance(step, Destroy):
        return (
            None
            if now is None
            else _row(step.id, step.group, step.region, was=step.machine, now=now, should="destroyed")
        )
    was = None if isinstance(step, Create) else step.machine
    place = machine or MachineId("")
    if isinstance(step, Replace):
        return _row(place, step.group, step.region, was=was, now=now, should="replaced")
    if now is None or machine is None:
        return _row(place, step.group, step.region, was=was, now=None, should=_should(rollout))
    if now.version != rollout.versions.get(machine):
        return _row(
            place,
            step.group,
            step.region,
            was=was,
            now=now,
            should=f"at version {rollout.versions.get(machine)}",
        )
    if not isinstance(step, Start) and not _runs_plan(rollout, now):
        return _row(place, step.group, step.region, was=was, now=now, should=_should(rollout))
    if not is_as_gated(now, rollout.gates.get(machine, step.gate)):
        return _row(place, step.group, step.region, was=was, now=now, should="healthy")
    return None


def _runs_plan(rollout: Rollout, machine: Machine) -> bool:
    """Marked by this plan, and on its image."""
    return machine.metadata.get(PLAN) == rollout.digest and runs_image(machine, rollout.plan.image.ref)


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
) -> ProofRow:
    return ProofRow(
        machine=machine,
        group=group,
        region=region,
        was="–" if was is None else _describe(was),
        now=_describe(now),
        should=should,
    )
