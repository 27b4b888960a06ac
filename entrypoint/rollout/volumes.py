"""Creates the volume of a new machine, exactly once.

A volume that an earlier run created is found again, although volumes have no marks: it has the name, no machine, and was not there when the
plan was made. Volumes are kept, whatever happens to their machines.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import anyio

from entrypoint.fleet.model import HostStatus, Volume
from entrypoint.kernel.ids import GroupName, VolumeId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Destroy, NewVolume
from entrypoint.rollout.outcome import GrownVolume, MadeVolume, TakenSnapshot
from entrypoint.rollout.ports import Machines


@dataclass(slots=True)
class VolumeAccount:
    """The volumes that this rollout created or found, saved and made larger. `turn`: they are created one at a time, so that each can be
    told from the others after a lost answer.
    """

    made: list[MadeVolume] = field(default_factory=list)
    taken: set[VolumeId] = field(default_factory=set)
    snapshots: list[TakenSnapshot] = field(default_factory=list)
    grown: list[GrownVolume] = field(default_factory=list)
    turn: anyio.Lock = field(default_factory=anyio.Lock)


async def volume_for(machines: Machines, plan: Plan, account: VolumeAccount, step: Create) -> Volume | None:
    """Create the volume of `step`, or find it; None if the step gets a free one, or none. Raises FleetError."""
    if step.new_volume is None:
        return None
    async with account.turn:
        live = await machines.list_volumes()
        others = _spoken_for(plan) | account.taken
        free = (volume for volume in live if volume.id not in others and _fits(volume, step.new_volume))
        volume = next(free, None)
        found = volume is not None
        if volume is not None and volume.size_gb < step.new_volume.size_gb:
            await machines.extend_volume(volume.id, size_gb=step.new_volume.size_gb)
            volume = replace(volume, size_gb=step.new_volume.size_gb)
        if volume is None:
            known = {volume.id for volume in live} | others
            volume = await machines.create_volume(step.new_volume, known=known)
        account.taken.add(volume.id)
        account.made.append(_made(volume, step.group, found=found))
        return volume


def _made(volume: Volume, group: GroupName, *, found: bool) -> MadeVolume:
    return MadeVolume(
        id=volume.id,
        name=volume.name,
        region=volume.region,
        size_gb=volume.size_gb,
        group=group,
        found=found,
    )


def _fits(volume: Volume, wanted: NewVolume) -> bool:
    return (
        volume.name == wanted.name
        and wanted.region in ("", volume.region)
        and volume.attached_machine is None
        and volume.host_status is HostStatus.OK
    )


def _spoken_for(plan: Plan) -> set[VolumeId]:
    """The volumes that the plan gives to a machine, or leaves behind. No other machine may get their data."""
    found: set[VolumeId] = set()
    for _, step in plan.steps():
        if isinstance(step, Create) and step.volume is not None:
            found.add(step.volume)
        elif isinstance(step, Destroy):
            found.update(step.volumes)
    return found
