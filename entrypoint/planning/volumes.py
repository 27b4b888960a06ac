"""Which free volume each new machine gets, and which volumes are created. Groups may share a volume's name, but never a volume.

A volume belongs to one machine, on one host (https://fly.io/docs/volumes/overview/). An attached volume is never given to another machine,
even if this plan destroys its machine. No volume is detached or destroyed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from entrypoint.fleet.model import Fleet, HostStatus, Volume
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.values import parse_volume_size
from entrypoint.planning.model.mounts import mount_name, with_volume
from entrypoint.planning.model.steps import Create, NewVolume
from entrypoint.planning.observed import mounted_volumes
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings

DEFAULT_SIZE = 1
"""GB without initial_size (flyctl internal/command/deploy)."""
GPU_SIZE = 100
"""GB without initial_size, for a machine with a GPU."""


def assign_volumes(
    groups: Sequence[Reconciled],
    *,
    manifest: Manifest,
    settings: Settings,
    fleet: Fleet,
    left: Collection[str] = (),
) -> list[Reconciled]:
    """The groups. Each create with a mount has a free volume, or a new one.

    `left`: volumes of machines that an interrupted run of this plan has destroyed. They were not free when it was planned.
    """
    free = [volume for volume in free_volumes(fleet) if volume.id not in left]
    return [
        _assign(group, free, manifest, size_gb=settings.group(group.group).volume_size) for group in groups
    ]


def free_volumes(fleet: Fleet) -> list[Volume]:
    """Volumes that are attached to no machine, by their own record and by every machine's mounts, on a host that answers."""
    mounted = {volume for machine in fleet.machines for volume in mounted_volumes(machine.config)}
    return [
        volume
        for volume in sorted(fleet.volumes, key=lambda v: v.id)
        if volume.attached_machine is None
        and volume.id not in mounted
        and volume.host_status is HostStatus.OK
    ]


def _assign(group: Reconciled, free: list[Volume], manifest: Manifest, *, size_gb: int | None) -> Reconciled:
    creates = []
    for step in group.creates:
        name = mount_name(step.config)
        if step.volume is not None or name is None or step.done is not None:
            creates.append(step)
            continue
        found = next((v for v in free if v.name == name and step.region in ("", v.region)), None)
        if found is None:
            creates.append(replace(step, new_volume=_new_volume(step, name, manifest, size_gb=size_gb)))
            continue
        free.remove(found)
        config = with_volume(step.config, found.id)
        creates.append(replace(step, volume=found.id, region=found.region, config=config))
    return replace(group, creates=tuple(creates))


def _new_volume(step: Create, name: str, manifest: Manifest, *, size_gb: int | None) -> NewVolume:
    """`size_gb`: policy `volume_size`, which overrides initial_size of fly.toml."""
    mount = _mount(manifest, step.group)
    guest, image = step.config.get("guest"), step.config.get("image")
    guest = guest if isinstance(guest, Mapping) else {}
    retention, backup = mount.get("snapshot_retention"), mount.get("scheduled_snapshots")
    return NewVolume(
        name=name,
        region=step.region,
        size_gb=size_gb or initial_size(manifest, step.group) or _default_size(guest),
        snapshot_retention=retention if isinstance(retention, int) and retention else None,
        auto_backup=backup if isinstance(backup, bool) else None,
        guest=guest,
        image=image if isinstance(image, str) else "",
    )


def initial_size(manifest: Manifest, group: GroupName) -> int | None:
    """initial_size of the group's mount in fly.toml, in GB; None without it."""
    text = _mount(manifest, group).get("initial_size")
    try:
        return (parse_volume_size(text) or None) if isinstance(text, str) and text else None
    except ValueError:  # reported where fly.toml is validated
        return None


def new_volume_intent(manifest: Manifest, group: GroupName) -> JsonObject:
    """What fly.toml says about new volumes of the group, which is in no machine's config. Empty if it says nothing."""
    mount = _mount(manifest, group)
    found: JsonObject = {
        "size_gb": initial_size(manifest, group),
        "snapshot_retention": mount.get("snapshot_retention") or None,
        "scheduled_snapshots": mount.get("scheduled_snapshots"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _mount(manifest: Manifest, group: GroupName) -> Mapping[str, Json]:
    found = (m for m in manifest.tables("mounts") if manifest.matches(group, m.get("processes")))
    return next(found, {})


def _default_size(guest: Mapping[str, Json]) -> int:
    """The size of a new volume, in GB."""
    return GPU_SIZE if guest.get("gpu_kind") or guest.get("gpus") else DEFAULT_SIZE
