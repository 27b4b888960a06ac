"""Checks that the fleet is still the one that the plan was made from: under the lock and leases, and after a release command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from entrypoint.fleet.managed import is_managed, is_proxied
from entrypoint.fleet.marks import DONE, VOLATILE_KEYS, parse_done
from entrypoint.fleet.model import Fleet, HostStatus, Machine
from entrypoint.fleet.stamp import RunMarks
from entrypoint.fleet.states import LEAVING, RUNNING, STOPPED, UP
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, is_done, machine_of
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.leases import Leases
from entrypoint.rollout.replaced import read_replaced, reread_replaced
from entrypoint.rollout.reread import reread


async def recheck(rollout: Rollout) -> tuple[tuple[str, ...], Fleet]:
    """What changed since the plan was made, in sentences, and the fleet, which is recorded as found. Raises FleetError."""
    fleet = await rollout.machines.observe()
    seen = await reread_replaced(rollout.machines, fleet.machines, _to_write(rollout.plan))
    fleet = replace(fleet, machines=seen)
    moved = find_drift(rollout.plan, fleet, rollout.leases, marks=rollout.job.marks)
    if moved:
        fleet = replace(fleet, machines=await reread(rollout.machines.get, seen, moved))
        moved = find_drift(rollout.plan, fleet, rollout.leases, marks=rollout.job.marks)
    rollout.ledger.note_found(fleet.machines)
    return tuple(f"machine {machine} {what}" for machine, what in sorted(moved.items())), fleet


async def recheck_machine(rollout: Rollout, planned: Machine) -> str:
    """The same for one machine that was just leased: how it changed, in words; empty if it did not. Raises FleetError."""
    now = await read_replaced(rollout.machines, planned.id)
    rollout.ledger.note_found([now])
    return _moved(planned, now, marks=rollout.job.marks, to_write=True)


def find_drift(
    plan: Plan, fleet: Fleet, leases: Leases, *, marks: RunMarks | None
) -> Mapping[MachineId, str]:
    """What changed, by machine. `marks`: those of this run; None on a laptop."""
    known = {machine.id: machine for machine in _planned(plan)}
    to_write = _to_write(plan)
    live = {machine.id: machine for machine in fleet.machines}
    moved = {
        id_: what
        for id_, machine in known.items()
        if (what := _moved(machine, live.get(id_), marks=marks, to_write=id_ in to_write))
    }
    for lease in leases.held():
        planned = known.get(lease.machine)
        if planned is not None and lease.machine in live and lease.version not in (None, planned.version):
            moved[lease.machine] = "was changed"
    expected = set(known) | {step.done for _, step in plan.steps() if isinstance(step, Create)}
    strangers = (m.id for m in fleet.machines if m.id not in expected and is_managed(m))
    return moved | dict.fromkeys(strangers, "appeared")


def _planned(plan: Plan) -> Iterator[Machine]:
    for _, step in plan.steps():
        machine = machine_of(step)
        if machine is not None:
            yield machine
    for group in plan.groups:
        yield from (kept.machine for kept in group.kept)


def _to_write(plan: Plan) -> frozenset[MachineId]:
    """The live machines that this run is to change."""
    todo = (machine_of(step) for _, step in plan.steps() if not is_done(step))
    return frozenset(machine.id for machine in todo if machine is not None)


def _moved(planned: Machine, now: Machine | None, *, marks: RunMarks | None, to_write: bool) -> str:
    """`to_write`: it has still to be changed."""
    if now is None or now.state in LEAVING:
        return "is gone"
    if planned.host_status is HostStatus.OK and now.host_status is not HostStatus.OK:
        return f"has lost its host ({now.host_status})"  # and its config is incomplete
    if marks is not None and (commit := _marked_since(planned, now, marks)):
        return f"was marked by another deploy (commit {commit[:7]})"
    if now.version != planned.version or _metadata(now) != _metadata(planned):
        return "was changed"
    if is_proxied(now.config):
        return ""
    ran = RUNNING if to_write else UP  # one that was just being replaced was planned as if it ran
    if planned.state in ran and now.state in STOPPED:
        return f"was {planned.state} and is {now.state}"
    if planned.state in STOPPED and now.state in UP:
        return f"was {planned.state} and is {now.state}"
    return ""


def _marked_since(planned: Machine, now: Machine, marks: RunMarks) -> str:
    """Another commit that a run under this key has marked green since the plan was made; empty if there is none.

    A run that finds nothing to do writes only this mark, and takes no lock. This run must not deploy an older commit over it (docs/gate.md,
    rule 5). The next run, which makes a new plan, decides whether it would.
    """
    mark = parse_done(now.metadata.get(DONE, ""))
    if mark is None or mark.key != marks.commit.key or mark.commit == marks.commit.commit:
        return ""
    return mark.commit if mark != parse_done(planned.metadata.get(DONE, "")) else ""


def _metadata(machine: Machine) -> dict[str, str]:
    return {k: v for k, v in machine.metadata.items() if k not in VOLATILE_KEYS}
