"""Which machines belong to the app's groups, and which of them Fly starts and stops by itself."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.fleet.model import RESERVED_GROUPS, Machine
from entrypoint.fleet.states import LEAVING
from entrypoint.kernel.json import Json

LEGACY_RELEASE_GROUP = "release_command"
"""`process_group` of the release machines that early versions of flyctl created."""


def is_managed(machine: Machine) -> bool:
    """Platform v2, not being destroyed, and not created for one command (release, console, test). As fly-go ListFlyAppsMachines."""
    metadata = machine.metadata
    return (
        metadata.get("fly_platform_version") == "v2"
        and machine.state not in LEAVING
        and metadata.get("fly_process_group") not in RESERVED_GROUPS
        and metadata.get("process_group") not in (*RESERVED_GROUPS, LEGACY_RELEASE_GROUP)
    )


def group_name(machine: Machine) -> str:
    """The process group in its metadata, else the one under the legacy key; empty where there is none."""
    metadata = machine.metadata
    return metadata.get("fly_process_group") or metadata.get("process_group") or ""


def is_stopped_by_platform(config: Mapping[str, Json]) -> bool:
    """Whether Fly's proxy stops and starts it (autostop)."""
    services = config.get("services")
    return isinstance(services, list | tuple) and any(
        isinstance(service, Mapping) and service.get("autostop") in (True, "stop", "suspend")
        for service in services
    )


def is_proxied(config: Mapping[str, Json]) -> bool:
    """Whether Fly decides when it runs: autostop, standby or schedule."""
    return is_stopped_by_platform(config) or bool(config.get("standbys")) or bool(config.get("schedule"))
