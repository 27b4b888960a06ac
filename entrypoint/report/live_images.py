"""Which groups run which image now, if they differ."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.fleet.images import live_reference
from entrypoint.fleet.model import Machine
from entrypoint.planning.model.plan import GroupPlan, Plan
from entrypoint.planning.model.steps import Destroy, machine_of


def groups_by_image(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The groups that run each image reference; empty if all machines run the same."""
    found: dict[str, list[str]] = {}
    for group in plan.groups:
        for machine in _machines(group):
            names = found.setdefault(live_reference(machine), [])
            if group.name not in names:
                names.append(group.name)
    return {image: tuple(names) for image, names in found.items()} if len(found) > 1 else {}


def _machines(group: GroupPlan) -> Iterator[Machine]:
    yield from (kept.machine for kept in group.kept)
    for step in group.steps:
        machine = step.machine if isinstance(step, Destroy) else machine_of(step)
        if machine is not None:
            yield machine
