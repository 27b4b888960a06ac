"""Under lease, before the first write: is the fleet still the one the plan was made from?"""

from __future__ import annotations

from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.fleet.model import RESERVED_GROUPS, Fleet, Machine
from entrypoint.planning.model import Create, Plan, machine_of
from entrypoint.rollout.leases import Leases


def find_drift(plan: Plan, fleet: Fleet, leases: Leases) -> tuple[str, ...]:
    """What moved since the plan was made, in sentences; empty when nothing did."""
    known = {machine.id: machine for machine in _planned(plan)}
    live = {machine.id: machine for machine in fleet.machines}
    moved = []
    for machine in known.values():
        now = live.get(machine.id)
        if now is None:
            moved.append(f"machine {machine.id} is gone")
        elif now.version != machine.version or _metadata(now) != _metadata(machine):
            moved.append(f"machine {machine.id} was changed")
    for lease in leases.held():
        planned = known.get(lease.machine)
        if planned is not None and lease.version not in (None, planned.version) and lease.machine in live:
            moved.append(f"machine {lease.machine} was changed")
    expected = set(known) | {step.done for _, step in plan.steps() if isinstance(step, Create)}
    moved += [f"machine {m.id} appeared" for m in fleet.machines if m.id not in expected and is_ours(m)]
    return tuple(dict.fromkeys(moved))


def _planned(plan: Plan) -> list[Machine]:
    machines = [machine for _, step in plan.steps() if (machine := machine_of(step)) is not None]
    return machines + [kept.machine for group in plan.groups for kept in group.kept]


def _metadata(machine: Machine) -> dict[str, str]:
    return {k: v for k, v in machine.metadata.items() if k not in VOLATILE_KEYS}


def is_ours(machine: Machine) -> bool:
    """Managed by flyctl or us, and not one of the machines made for a command."""
    metadata = machine.metadata
    return (
        metadata.get("fly_platform_version") == "v2"
        and metadata.get("fly_process_group") not in RESERVED_GROUPS
        and machine.state not in ("destroyed", "destroying")
    )
