"""Volumes over HTTP."""

from __future__ import annotations

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.paging import page_of
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_time, show_volume
from tests.simulator.state.model import Volume
from tests.simulator.state.volumes import (
    check_retention,
    create_volume,
    delete_volume,
    extend_volume,
    find_volume,
    take_snapshot,
)

_BASE = "/v1/apps/{app}/volumes"
_ONE = _BASE + "/{volume}"


def _volume(call: Call) -> Volume:
    return find_volume(call.app, call.path["volume"])


def list_volumes(call: Call) -> Reply:
    """All volumes, with those that are being deleted: clients filter."""
    shown = [volume for volume in call.app.volumes.values() if volume.listed_from <= call.world.now]
    page = page_of(call, shown, key=lambda volume: volume.id, size=call.get("limit"))
    headers = {"fly-next-cursor": page.cursor} if page.cursor else {}
    return Reply(body=[show_volume(call.world, volume) for volume in page.items], headers=headers)


def create(call: Call) -> Reply:
    """A new volume."""
    return Reply(body=show_volume(call.world, create_volume(call.world, call.app, wish=call.object())))


def get(call: Call) -> Reply:
    """One volume."""
    return Reply(body=show_volume(call.world, _volume(call)))


def update(call: Call) -> Reply:
    """How long snapshots are kept, and whether they are taken."""
    volume, body = _volume(call), call.object()
    volume.snapshot_retention = check_retention(body.get("snapshot_retention", volume.snapshot_retention))
    if isinstance(body.get("auto_backup_enabled"), bool):
        volume.auto_backup = body["auto_backup_enabled"]
    return Reply(body=show_volume(call.world, volume))


def delete(call: Call) -> Reply:
    """Delete it; it is gone after a day."""
    volume = _volume(call)
    delete_volume(call.world, call.app, volume)
    return Reply(body=show_volume(call.world, volume))


def extend(call: Call) -> Reply:
    """Make it larger."""
    volume = _volume(call)
    extend_volume(volume, size_gb=call.object().get("size_gb"))
    return Reply(
        body={
            "volume": show_volume(call.world, volume),
            "needs_restart": call.world.switches.extend_needs_restart and volume.claimed_by is not None,
        }
    )


def list_snapshots(call: Call) -> Reply:
    """Its snapshots."""
    return Reply(body=_volume(call).snapshots)


def snapshot(call: Call) -> Reply:
    """One more snapshot: the answer is empty, its id is in the list before long."""
    volume, world = _volume(call), call.world
    made = {
        "id": "vs_" + world.dice.bits("snapshot", world.count()).hex()[:16],
        "size": 0,
        "digest": "",
        "created_at": show_time(world, world.now),
        "status": "created",
        "retention_days": volume.snapshot_retention,
    }
    take_snapshot(world, volume, made)
    return Reply()


ENDPOINTS = (
    Endpoint(method="GET", path=_BASE, operation="volume_list", handle=list_volumes),
    Endpoint(method="POST", path=_BASE, operation="volume_create", handle=create),
    Endpoint(method="GET", path=_ONE, operation="volume_get", handle=get),
    Endpoint(method="PUT", path=_ONE, operation="volume_update", handle=update),
    Endpoint(method="DELETE", path=_ONE, operation="volume_delete", handle=delete),
    Endpoint(method="PUT", path=_ONE + "/extend", operation="volume_extend", handle=extend),
    Endpoint(method="GET", path=_ONE + "/snapshots", operation="snapshot_list", handle=list_snapshots),
    Endpoint(method="POST", path=_ONE + "/snapshots", operation="snapshot_create", handle=snapshot),
)
