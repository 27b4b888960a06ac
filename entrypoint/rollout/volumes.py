"""Creates the volume of a new machine, exactly once.

A volume that an earlier run created is found again, although volumes have no marks: it has the name, no machine, and was not there when the
plan was made. Volumes are kept, whatever happens to their machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from entrypoint.fleet.model import HostStatus, Volume
from entrypoint.kernel.ids import GroupName, VolumeId
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import Create, Destroy, NewVolume
from entrypoint.rollout.context import Rollout
from entrypoint.rollout.outcome import MadeVolume


async def volume_for(rollout: Rollout, step: Create) -> Volume | None:
    """Create the volume of `step`, or find it; None if the step gets a free one, or none. Raises FleetError."""
    wanted, account = step.new_volume, rollout.volumes
    if wanted is None:
        return None
    async with account.turn:
        volume, found = await rollout.halting.write_after(
            rollout.machines.list_volumes, lambda live: _find_or_create(rollout, wanted, live)
        )
        account.taken.add(volume.id)
        account.made.append(_made(volume, step.group, found=found))
        return volume


async def _find_or_create(rollout: Rollout, wanted: NewVolume, live: Sequence[Volume]) -> tuple[Volume, bool]:
    """The volume, large enough; and whether it was there."""
    others = _spoken_for(rollout.plan) | rollout.volumes.taken
    free = (volume for volume in live if volume.id not in others and _fits(volume, wanted))
    volume = next(free, None)
    if volume is None:
        known = {volume.id for volume in live} | others
        return await rollout.machines.create_volume(wanted, known=known), False
    if volume.size_gb < wanted.size_gb:
        await rollout.machines.extend_volume(volume.id, size_gb=wanted.size_gb)
        volume = replace(volume, size_gb=wanted.size_gb)
    return volume, True


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
