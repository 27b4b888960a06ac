"""The steps of a replacement: a new machine is created, and the old one is destroyed.

The new machine is created, healthy and serving before the old one is destroyed. In a singleton group the old one is destroyed first, so
that there are never two. A re-run finds both steps again: the new machine by its place, a destroyed one by the record of the plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import Machine
from entrypoint.kernel.ids import GroupName, MachineId, Region, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.planning.diff import changes_of_write
from entrypoint.planning.model.gates import gone_gate, lease_span
from entrypoint.planning.model.steps import Create, Destroy, FieldChange, HealthGate, LeaseSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """A machine that an update cannot change as its group asks. `config`: of the new machine, without its volume.

    `machine` is None if an interrupted run of this plan has destroyed it already.
    """

    group: GroupName
    id: MachineId
    region: Region
    machine: Machine | None
    before: str
    reason: str
    volumes: tuple[VolumeId, ...]
    config: Mapping[str, Json]
    after: str
    gate: HealthGate
    skip_launch: bool = False
    """It is stopped, so the new one is not started either."""
    standby_for: MachineId | None = None
    """The machine that it stands by for, if that is replaced too."""


FindMade = Callable[[Slot, Mapping[str, Json]], tuple[MachineId, VolumeId | None] | None]
"""The machine that an interrupted run of this plan created for a place, and its volume; None if there is none, or it was changed since."""


def expand(
    replacements: Sequence[Replacement],
    creates: Sequence[Create],
    *,
    made: FindMade,
    succeeded: AbstractSet[MachineId] = frozenset(),
) -> tuple[tuple[Create, ...], tuple[Destroy, ...]]:
    """The steps. New machines get the places after those of `creates` in their region. `succeeded`: machines that are only destroyed,
    because another plan has created their replacement.
    """
    taken = Counter(step.slot.region for step in creates)
    slots: dict[MachineId, Slot] = {}
    ordered = sorted(replacements, key=lambda item: (item.region, item.id))
    for item in (new := [item for item in ordered if item.id not in succeeded]):
        taken[item.region] += 1
        slots[item.id] = Slot(group=item.group, region=item.region, index=taken[item.region])
    return (
        tuple(_create(item, slots, made=made) for item in new),
        tuple(_destroy(item) for item in ordered),
    )


def _create(item: Replacement, slots: Mapping[MachineId, Slot], *, made: FindMade) -> Create:
    slot = slots[item.id]
    done, volume = made(slot, item.config) or (None, None)
    return Create(
        group=item.group,
        region=item.region,
        slot=slot,
        config=item.config,
        after=item.after,
        standby_for=slots.get(item.standby_for) if item.standby_for else None,
        volume=volume,
        reason=item.reason,
        gate=item.gate,
        done=done,
        replaces=item.id,
        skip_launch=item.skip_launch,
        changes=_changes(item),
    )


def _changes(item: Replacement) -> tuple[FieldChange, ...]:
    """How the new machine's config differs, without the volume, which is shown elsewhere."""
    if item.machine is None:
        return ()
    found = changes_of_write(item.machine.config, item.config)
    return tuple(change for change in found if (change.path[0], change.path[-1]) != ("mounts", "volume"))


def _destroy(item: Replacement) -> Destroy:
    return Destroy(
        group=item.group,
        region=item.region,
        id=item.id,
        machine=item.machine,
        before=item.before,
        volumes=item.volumes,
        reason=item.reason,
        gate=gone_gate(),
        lease=lease_span(item.machine) if item.machine is not None else LeaseSpan.ROLLOUT,
        replaced=True,
    )
