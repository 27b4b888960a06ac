"""Afterwards: is every planned machine as planned, and is there none that nobody planned?"""

from __future__ import annotations

import anyio

from entrypoint.fleet.marks import PLAN
from entrypoint.fleet.model import Fleet, Machine
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.planning.model import Create, Destroy, Gate, GateKind, Plan, Replace, Start, Step, Update
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.health import Health, all_reported_pass, read_gate
from entrypoint.rollout.outcome import Proof, ProofRow
from entrypoint.rollout.recheck import is_ours

ATTEMPTS = 4
PAUSE = 2.0
"""Seconds between readings: lists come from replicas that lag (machines-api §1)."""


async def prove(rollout: Rollout) -> Proof:
    """Compare the fleet with the plan, again while it does not match."""
    proof = _compare(rollout, await rollout.machines.observe())
    for _ in range(ATTEMPTS - 1):
        if not proof.problems:
            break
        await anyio.sleep(PAUSE)
        proof = _compare(rollout, await rollout.machines.observe())
    return proof


def _compare(rollout: Rollout, fleet: Fleet) -> Proof:
    live = {
        machine.id: machine for machine in fleet.machines if machine.state not in ("destroyed", "destroying")
    }
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
        if is_ours(m) and m.id not in expected and not _is_planned_destroy(plan, m.id)
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
    place = machine or MachineId("(new)")
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
    if not _is_healthy(now, step.gate):
        return _row(place, step.group, step.region, was=was, now=now, should="healthy")
    return None


def _runs_plan(rollout: Rollout, machine: Machine) -> bool:
    """Marked by this plan, and on its image where both digests are known."""
    wanted = rollout.plan.image.digest
    image = machine.image_digest
    return machine.metadata.get(PLAN) == rollout.digest and (
        wanted is None or image is None or image == wanted
    )


def _is_healthy(machine: Machine, gate: Gate) -> bool:
    if gate.kind is GateKind.CHECKS and machine.state == "started":
        return all_reported_pass(machine)
    return read_gate(machine, gate).health is Health.PASSED


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
