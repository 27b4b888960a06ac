"""What can only be done by a new machine, as steps: one is made, and the old one goes.

This version does not execute it: a plan that holds one is blocked (planning/blockers.py). The rollout knows the steps only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import GroupName, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.planning.model.gates import gone_gate, lease_span
from entrypoint.planning.model.steps import Create, Destroy, HealthGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A machine that cannot become what its group asks for. `config` is what the new one gets, but for its volume."""

    group: GroupName
    machine: Machine
    before: str
    reason: str
    volumes: tuple[VolumeId, ...]
    config: Mapping[str, Json]
    after: str
    gate: HealthGate


def expand(
    replacements: Sequence[Replacement], creates: Sequence[Create]
) -> tuple[tuple[Create, ...], tuple[Destroy, ...]]:
    """The steps. New machines take the places of their region that follow those of `creates`."""
    taken = [step.slot for step in creates]
    made: list[Create] = []
    gone: list[Destroy] = []
    for item in replacements:
        region = item.machine.region
        index = 1 + sum(slot.region == region for slot in taken)
        slot = Slot(group=item.group, region=region, index=index)
        taken.append(slot)
        made.append(
            Create(
                group=item.group,
                region=region,
                slot=slot,
                config=item.config,
                after=item.after,
                standby_for=None,
                volume=None,
                reason=item.reason,
                gate=item.gate,
                replaces=item.machine.id,
            )
        )
        gone.append(
            Destroy(
                group=item.group,
                region=region,
                id=item.machine.id,
                machine=item.machine,
                before=item.before,
                volumes=item.volumes,
                reason=item.reason,
                gate=gone_gate(),
                lease=lease_span(item.machine),
                replaced=True,
            )
        )
    return tuple(made), tuple(gone)
