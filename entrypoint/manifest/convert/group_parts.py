"""The sections of fly.toml → parts of a group's Machine config, each the same for all machines of the group (flyctl
internal/appconfig/machines.go:updateMachineConfig). The functions raise Unconvertible.
"""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.convert.guest import compute_for, guest_of
from entrypoint.manifest.convert.parts import Unconvertible, split, swap
from entrypoint.manifest.convert.services import top_checks_for
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.values import parse_volume_size

_RESTART = {"always": "always", "on-failure": "on-failure", "never": "no"}


def init_for(manifest: Manifest, group: GroupName) -> JsonObject:
    """The command, and what [experimental] and swap_size_mb set."""
    experimental = manifest.table("experimental")
    command = manifest.table("processes").get(group)
    cmd: Json = None
    if isinstance(command, str) and command:
        cmd = split(command, ("processes", group))
    elif "cmd" in experimental:
        cmd = experimental["cmd"]
    init = {key: value for key in ("entrypoint", "exec") if (value := experimental.get(key))}
    if cmd:
        init["cmd"] = cmd
    return {**init, **swap(manifest)}


def metrics_for(manifest: Manifest, group: GroupName) -> Json:
    """The first [[metrics]] that applies to the group; None where it sets nothing."""
    for metrics in manifest.tables("metrics"):
        if manifest.matches(group, metrics.get("processes")):
            found = {key: metrics[key] for key in ("port", "path", "https") if metrics.get(key)}
            has_embedded = any(key in metrics for key in ("port", "path", "https"))
            return found if has_embedded else None
    return None


def checks_for(manifest: Manifest, group: GroupName) -> JsonObject:
    """The top-level checks that apply to the group, by name."""
    try:
        return top_checks_for(manifest, group)
    except ValueError as error:
        raise Unconvertible(str(error), ("checks",)) from error


def statics_of(manifest: Manifest) -> list[Json]:
    """Every [[statics]], for each group."""
    keys = ("guest_path", "url_prefix", "tigris_bucket", "index_document")
    return [{key: static.get(key, "") for key in keys} for static in manifest.tables("statics")]


def mounts_for(manifest: Manifest, group: GroupName) -> list[JsonObject]:
    """The mounts of a new machine of the group."""
    found = (m for m in manifest.tables("mounts") if manifest.matches(group, m.get("processes")))
    return [_mount(mount) for mount in found]


def _mount(mount: Mapping[str, Json]) -> JsonObject:
    result: JsonObject = {
        "path": mount.get("destination"),
        "name": mount.get("source"),
        "extend_threshold_percent": mount.get("auto_extend_size_threshold"),
        "add_size_gb": _gigabytes(mount.get("auto_extend_size_increment")),
        "size_gb_limit": _gigabytes(mount.get("auto_extend_size_limit")),
    }
    return {key: value for key, value in result.items() if value}


def _gigabytes(size: Json) -> int:
    try:
        return parse_volume_size(size) if isinstance(size, str) and size else 0
    except ValueError:
        return 0


def restart_for(manifest: Manifest, group: GroupName) -> Json:
    """The last [[restart]] that applies to the group."""
    result: Json = None
    for index, restart in enumerate(manifest.tables("restart")):
        if not manifest.matches(group, restart.get("processes")):
            continue
        policy = restart.get("policy")
        if policy not in _RESTART:
            raise Unconvertible(f"there is no restart policy {policy!r}", ("restart", index))
        result = {"policy": _RESTART[str(policy)]}
        if restart.get("retries"):
            result["max_retries"] = restart["retries"]
    return result


def guest_for(manifest: Manifest, group: GroupName) -> JsonObject | None:
    """The size, from the [[vm]] that applies to the group; None without one."""
    found = compute_for(manifest, group)
    if found is None:
        return None
    index, compute = found
    try:
        return guest_of(
            compute,
            host_dedication=compute.get("host_dedication_id") or manifest.values.get("host_dedication_id"),
        )
    except ValueError as error:
        raise Unconvertible(str(error), ("vm", index)) from error
