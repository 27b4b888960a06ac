"""Volumes: one machine each, same host, claimed a while longer than the machine lives."""

from __future__ import annotations

from functools import partial
from typing import Any

from tests.simulator.state.ids import make_volume_id
from tests.simulator.state.model import App, Config, Machine, Volume
from tests.simulator.state.refusals import Code, Refusal, invalid, not_found, precondition
from tests.simulator.state.world import NEAREST, REGIONS, World

GOING = frozenset(
    {
        "scheduling_destroy",
        "scheduled_for_destruction",
        "pending_destroy",
        "fork_cleanup",
        "waiting_for_detach",
        "destroying",
        "destroyed",
    }
)


def find_volume(app: App, volume: str) -> Volume:
    """The volume of that id. Refuses where there is none."""
    if volume not in app.volumes:
        raise not_found("volume not found")
    return app.volumes[volume]


def create_volume(world: World, app: App, *, wish: dict[str, Any]) -> Volume:
    """A new volume, placed on a host of its own."""
    name = wish.get("name")
    if not isinstance(name, str) or not name:
        raise invalid("volume name is required")
    region = wish.get("region") or NEAREST
    if not isinstance(region, str) or region not in REGIONS:
        raise invalid(f"region {region} not found")
    size = wish.get("size_gb")
    if size is None:
        size = 3
    if not isinstance(size, int) or not 1 <= size <= 500:
        raise invalid("size_gb must be between 1 and 500")
    fstype = wish.get("fstype") or "ext4"
    if not isinstance(fstype, str):
        raise invalid("fstype must be a string")
    number = world.count()
    volume = Volume(
        id=make_volume_id(dice=world.dice, purpose=(app.name, number)),
        name=name,
        region=region,
        zone=world.dice.bits("zone", number).hex()[:4],
        host=f"{region}-{world.dice.bits('host', number).hex()[:4]}",
        size_gb=size,
        created_at=world.now,
        state="creating",
        encrypted=wish.get("encrypted") is not False,
        fstype=fstype,
        snapshot_retention=check_retention(wish.get("snapshot_retention") or 5),
        auto_backup=wish.get("auto_backup_enabled") is not False,
    )
    app.volumes[volume.id] = volume
    volume.listed_from = world.now + world.takes(world.timing.volume_listed, "listed", volume.id)
    seconds = world.takes(world.timing.volume_create, volume.id)
    world.later(seconds, volume.id, lambda: _finish_creating(volume))
    return volume


def check_retention(days: object) -> int:
    """Days that snapshots are kept."""
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= 60:
        raise invalid("snapshot_retention must be between 1 and 60")
    return days


def _finish_creating(volume: Volume) -> None:
    if volume.state == "creating":
        volume.state = "created"


def check_mounts(app: App, config: Config, *, region: str) -> list[Volume]:
    """The volumes a new machine asks for. Refuses claimed, missing, misplaced and doomed ones."""
    wanted: list[Volume] = []
    for mount in config.get("mounts") or []:
        volume = app.volumes.get(str(mount.get("volume")))
        if volume is None or volume.state in GOING:
            raise invalid(f"volume {mount.get('volume')} not found")
        if volume.region != region:
            raise invalid(f"volume {volume.id} is in region {volume.region}, not in {region}")
        if volume.host_status != "ok":
            raise precondition(
                f"insufficient resources to create new machine with existing volume id '{volume.id}'",
                status="volume_placement_capacity",
            )
        if volume.claimed_by is not None:
            raise precondition(f"volume already claimed by machine {volume.claimed_by}")
        wanted.append(volume)
    return wanted


def claim(volumes: list[Volume], machine: Machine) -> None:
    """The volumes are this machine's now."""
    for volume in volumes:
        volume.attached_machine = volume.claimed_by = machine.id
        volume.mounted = True


def unclaim(world: World, machine: Machine) -> None:
    """Let go of a destroyed machine's volumes: unattached at once, claimed for a while."""
    for volume in world.app(machine.app).volumes.values():
        if volume.claimed_by == machine.id:
            volume.attached_machine = None
            seconds = world.takes(world.timing.volume_release, volume.id, machine.id)
            world.later(seconds, volume.id, partial(_release, volume))


def _release(volume: Volume) -> None:
    volume.claimed_by = None


def is_same_mounts(before: Config, after: Config) -> bool:
    """Whether the same volumes are mounted; only path and extension may change on a machine."""
    return [m.get("volume") for m in before.get("mounts") or []] == [
        m.get("volume") for m in after.get("mounts") or []
    ]


def delete_volume(world: World, app: App, volume: Volume) -> None:
    """Soft: the volume goes away in a day. Refuses while a machine has it."""
    if volume.claimed_by is not None:
        refusal = precondition(f"volume is currently bound to machine: {volume.claimed_by}")
        if world.switches.claimed_volume_delete == "409":
            raise Refusal(Code.ABORTED, refusal.message)
        raise refusal
    volume.state = world.switches.deleted_volume
    world.timers.at(world.now + 86400.0, volume.id, lambda: _forget(app, volume))


def _forget(app: App, volume: Volume) -> None:
    volume.state = "destroyed"
    app.volumes.pop(volume.id, None)


def take_snapshot(world: World, volume: Volume, snapshot: dict[str, Any]) -> None:
    """One more snapshot, which shows in the list after a while. Refuses where nothing was ever written (L108 of README.md)."""
    if not volume.mounted:
        raise invalid("uninitialized volume")
    seconds = world.takes(world.timing.snapshot, volume.id, snapshot["id"])
    world.later(seconds, volume.id, lambda: volume.snapshots.append(snapshot))


def extend_volume(volume: Volume, *, size_gb: object) -> None:
    """Make it larger. Refuses to shrink."""
    if not isinstance(size_gb, int) or isinstance(size_gb, bool) or not volume.size_gb <= size_gb <= 500:
        raise invalid("size_gb must not shrink the volume, and be 500 at most")
    volume.size_gb = size_gb
