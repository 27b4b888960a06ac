"""State → the JSON that Fly's API shows."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tests.simulator.state.leases import find_lease
from tests.simulator.state.model import App, Config, Event, Lease, Machine, Release, Secret, Version, Volume
from tests.simulator.state.world import World

EVENTS_IN_MACHINE = 20


def show_time(world: World, at: float) -> str:
    """RFC 3339, UTC."""
    return _spell(int(world.epoch + at))


@lru_cache(maxsize=4096)
def _spell(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def show_event(world: World, event: Event) -> dict[str, Any]:
    """One line of history, its time in milliseconds."""
    shown: dict[str, Any] = {
        "id": event.id,
        "type": event.type,
        "status": event.status,
        "source": event.source,
        "timestamp": int((world.epoch + event.at) * 1000),
    }
    if event.request is not None:
        shown["request"] = event.request
    return shown


def show_machine(
    world: World,
    machine: Machine,
    *,
    version: Version | None = None,
    nonce: str | None = None,
    summary: bool = False,
    leases: bool = False,
) -> dict[str, Any]:
    """A machine; an older `version` of it reads `replaced`."""
    shown_version = version or machine.versions[-1]
    current = shown_version is machine.versions[-1]
    shown: dict[str, Any] = {
        "id": machine.id,
        "name": machine.name,
        "state": machine.state if current else "replaced",
        "region": machine.region,
        "instance_id": shown_version.id,
        "version": shown_version.id,
        "private_ip": machine.private_ip,
        "created_at": show_time(world, machine.created_at),
        "updated_at": show_time(world, machine.updated_at),
        "cordoned": machine.cordoned,
        "image_ref": _show_image(machine) if machine.host_status == "ok" else {},
    }
    if leases and (held := find_lease(world, machine)) is not None:
        shown["lease"] = {
            "owner": held.owner,
            "description": held.description,
            "expires_at": int(world.epoch + held.expires_at),
        }
    if summary:
        return shown
    shown["host_status"] = machine.host_status
    shown["config" if machine.host_status == "ok" else "incomplete_config"] = _show_config(
        machine, shown_version
    )
    events = machine.events if current else shown_version.events
    shown["events"] = [show_event(world, event) for event in events[:EVENTS_IN_MACHINE]]
    shown["checks"] = [
        {"name": c.name, "status": c.status, "output": c.output, "updated_at": show_time(world, c.updated_at)}
        for c in (machine.checks.values() if current else ())
    ]
    if nonce is not None:
        shown["nonce"] = nonce
    return shown


def _show_config(machine: Machine, version: Version) -> Config:
    """The whole configuration; of an unreachable host only what the API's own database knows."""
    if machine.host_status == "ok":
        return version.config
    return {
        key: version.config[key] for key in ("image", "guest", "metadata", "mounts") if key in version.config
    }


def _show_image(machine: Machine) -> dict[str, Any]:
    image = machine.image
    shown: dict[str, Any] = {
        "registry": image.registry,
        "repository": image.repository,
        "digest": image.digest,
    }
    if image.tag:
        shown["tag"] = image.tag
    return {**shown, "labels": {}}


def show_lease(world: World, machine: Machine, lease: Lease) -> dict[str, Any]:
    """A lease as it travels: wrapped, its nonce included."""
    return {
        "status": "success",
        "data": {
            "nonce": lease.nonce,
            "expires_at": int(world.epoch + lease.expires_at),
            "owner": lease.owner,
            "description": lease.description,
            "version": machine.version,
        },
    }


def show_volume(world: World, volume: Volume) -> dict[str, Any]:
    """A volume."""
    blocks = volume.size_gb * 262144
    return {
        "id": volume.id,
        "name": volume.name,
        "state": volume.state,
        "size_gb": volume.size_gb,
        "region": volume.region,
        "zone": volume.zone,
        "encrypted": volume.encrypted,
        "attached_machine_id": volume.attached_machine,
        "attached_alloc_id": None,
        "created_at": show_time(world, volume.created_at),
        "host_status": volume.host_status,
        "fstype": volume.fstype,
        "blocks": blocks,
        "block_size": 4096,
        "blocks_free": blocks,
        "blocks_avail": blocks,
        "bytes_used": 0,
        "bytes_total": blocks * 4096,
        "snapshot_retention": volume.snapshot_retention,
        "auto_backup_enabled": volume.auto_backup,
    }


def show_app(app: App) -> dict[str, Any]:
    """An app."""
    living = [machine for machine in app.machines.values() if machine.state != "destroyed"]
    return {
        "id": app.name,
        "internal_numeric_id": app.number,
        "name": app.name,
        "status": app.status,
        "network": app.network,
        "network_cidr": f"fdaa:0:{app.number:x}::/48",
        "machine_count": len(living),
        "volume_count": len(app.volumes),
        "organization": {"name": app.organization, "slug": app.organization, "internal_numeric_id": 1},
        "app_role": "",
        "cname_target": f"{app.name}.fly.dev",
    }


def show_secret(world: World, secret: Secret, *, with_value: bool) -> dict[str, Any]:
    """A secret: its digest, and its value only if asked for."""
    shown = {
        "name": secret.name,
        "digest": secret.digest,
        "created_at": show_time(world, secret.created_at),
        "updated_at": show_time(world, secret.updated_at),
    }
    if with_value:
        shown["value"] = secret.value
    return shown


def show_release(world: World, release: Release) -> dict[str, Any]:
    """A release record."""
    return {
        "id": release.id,
        "version": release.version,
        "status": release.status,
        "strategy": release.strategy,
        "image_ref": release.image,
        "definition": release.definition,
        "created_at": show_time(world, release.created_at),
        "metadata": release.metadata,
    }
