"""The volumes of an app by name and region, and what the plan does with them. Each volume counts once."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.fleet.model import Fleet, Volume
from entrypoint.kernel.ids import GroupName, Region, VolumeId
from entrypoint.planning.model.mounts import mount_name
from entrypoint.planning.model.plan import VolumeRow
from entrypoint.planning.observed import Seen
from entrypoint.planning.reconcile import Reconciled

_Place = tuple[str, Region]


def volume_ledger(
    groups: Sequence[Reconciled], *, fleet: Fleet, seen: Sequence[Seen]
) -> tuple[VolumeRow, ...]:
    """One row for each name and region, sorted by them."""
    creates = [step for group in groups for step in group.creates]
    attach = {step.volume for step in creates if step.volume is not None and step.done is None}
    left = {volume for group in groups for step in group.destroys for volume in step.volumes}
    users = {volume: s.group for s in seen for volume in s.volumes}
    places: dict[_Place, list[Volume]] = {(v.name, v.region): [] for v in fleet.volumes}
    for volume in sorted(fleet.volumes, key=lambda v: v.id):
        places[volume.name, volume.region].append(volume)
    needs: dict[_Place, list[GroupName]] = {}
    for step in creates:
        name = mount_name(step.config)
        if name is not None and step.new_volume is not None and step.done is None:
            needs.setdefault((name, step.region), []).append(step.group)
    return tuple(
        _row(
            place,
            places.get(place, []),
            needs.get(place, []),
            attach=attach,
            left=left,
            users=users,
            takers={step.volume: step.group for step in creates if step.volume is not None},
        )
        for place in sorted({*places, *needs})
    )


def _row(
    place: _Place,
    volumes: Sequence[Volume],
    needs: Sequence[GroupName],
    *,
    attach: set[VolumeId],
    left: set[VolumeId],
    users: dict[VolumeId, GroupName],
    takers: dict[VolumeId, GroupName],
) -> VolumeRow:
    ids = [volume.id for volume in volumes]
    used = [id_ for id_ in ids if id_ in users and id_ not in left]
    groups = {
        *needs,
        *(users[id_] for id_ in ids if id_ in users),
        *(takers[id_] for id_ in ids if id_ in takers),
    }
    return VolumeRow(
        name=place[0],
        region=place[1],
        attached=tuple(used),
        attach=tuple(id_ for id_ in ids if id_ in attach),
        create=len(needs),
        left=tuple(id_ for id_ in ids if id_ in left),
        unused=tuple(id_ for id_ in ids if id_ not in {*used, *attach, *left}),
        groups=tuple(sorted(groups)),
        sizes=tuple((volume.id, volume.size_gb) for volume in volumes),
    )
