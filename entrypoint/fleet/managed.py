"""Which machines belong to the app's groups, and what Fly does with them by itself."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.fleet.model import RESERVED_GROUPS, Machine
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.json import Json

LEGACY_RELEASE_GROUP = "release_command"
"""`process_group` of the release machines that early versions of flyctl made (flyctl-deploy §3.1)."""


def is_managed(machine: Machine) -> bool:
    """fly-go ListFlyAppsMachines: platform v2, alive, and not made for one command (release, console, test)."""
    metadata = machine.metadata
    return (
        metadata.get("fly_platform_version") == "v2"
        and machine.state not in LEAVING
        and metadata.get("fly_process_group") not in RESERVED_GROUPS
        and metadata.get("process_group") not in (*RESERVED_GROUPS, LEGACY_RELEASE_GROUP)
    )


def group_name(machine: Machine) -> str:
    """The process group in its metadata, the legacy key included; empty where there is none."""
    metadata = machine.metadata
    return metadata.get("fly_process_group") or metadata.get("process_group") or ""


def is_stopped_by_platform(config: Mapping[str, Json]) -> bool:
    """Whether Fly's proxy starts and stops it (autostop)."""
    services = config.get("services")
    return isinstance(services, list | tuple) and any(
        isinstance(service, Mapping) and service.get("autostop") in (True, "stop", "suspend")
        for service in services
    )


def is_proxied(config: Mapping[str, Json]) -> bool:
    """Whether no person decides if it runs: autostop, its primary's loss or a schedule starts and stops it."""
    return is_stopped_by_platform(config) or bool(config.get("standbys")) or bool(config.get("schedule"))
