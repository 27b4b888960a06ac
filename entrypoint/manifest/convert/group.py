"""fly.toml → the Machine config of a group, merged into a live one (flyctl internal/appconfig/machines.go:updateMachineConfig).

What fly.toml sets is always replaced. Everything else in the live config is kept, also keys that this version does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject, copy_object
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.files import files_for
from entrypoint.manifest.convert.guest import compute_for, guest_of
from entrypoint.manifest.convert.machine_json import known_only, merge_machine_config
from entrypoint.manifest.convert.parts import (
    PLATFORM,
    Conversion,
    Unconvertible,
    base_env,
    json_object,
    split,
    stop_config,
    swap,
)
from entrypoint.manifest.convert.services import services_for, top_checks_for
from entrypoint.manifest.model import Manifest, objects
from entrypoint.manifest.values import parse_volume_size

_EXTENSION = ("extend_threshold_percent", "add_size_gb", "size_gb_limit")
_RESTART = {"always": "always", "on-failure": "on-failure", "never": "no"}


def machine_config(
    manifest: Manifest, *, group: GroupName, live: Mapping[str, Json] | None, compat: Compat
) -> Conversion:
    """The config of one of the group's machines. `live`: its present config; None for a new machine. Parts are shared with `live`, so
    the result must not be changed in place.
    """
    try:
        return Conversion(config=_machine_config(manifest, group=group, live=live, compat=compat))
    except Unconvertible as error:
        return error.conversion(manifest, group)


class MountChange(Enum):
    """How the mount in fly.toml differs from the live one."""

    NONE = auto()
    ADDED = auto()
    REMOVED = auto()
    RENAMED = auto()


def mount_change(manifest: Manifest, *, group: GroupName, live: Mapping[str, Json]) -> MountChange:
    """How the mounts differ. Unless it is NONE, a machine with the config `live` cannot be updated in place."""
    wanted, mounted = _mounts(manifest, group), objects(live.get("mounts"))
    if wanted and not mounted:
        return MountChange.ADDED
    if mounted and not wanted:
        return MountChange.REMOVED
    if wanted and mounted:
        name = mounted[0].get("name")
        if name and name != wanted[0].get("source"):
            return MountChange.RENAMED
    return MountChange.NONE


def _machine_config(
    manifest: Manifest, *, group: GroupName, live: Mapping[str, Json] | None, compat: Compat
) -> JsonObject:
    config = dict(live or {})
    if compat is Compat.FLYCTL:
        config = known_only(config)
    config = merge_machine_config(manifest, config, compat=compat)
    owned: JsonObject = {
        "metrics": _metrics(manifest, group),
        "init": _init(manifest, group, json_object(config.get("init"))),
        "metadata": _metadata(group, json_object(config.get("metadata")), compat=compat),
        "services": services_for(manifest, group),
        "checks": _checks(manifest, group),
        "env": _env(manifest, group, live, compat=compat),
        "statics": _statics(manifest),
        "mounts": _overlay_mounts(manifest, group, live, compat=compat),
        "stop_config": stop_config(manifest.values),
        "files": files_for(manifest, group, compat=compat),
        "restart": _restart(manifest, group),
    }
    for key, value in owned.items():
        if value is None or (value in ([], {}) and key not in ("init", "metrics")):
            config.pop(key, None)
        else:
            config[key] = value
    guest = _guest(manifest, group)
    if guest is not None:
        config["guest"] = guest
    if config.get("services"):
        config.pop("standbys", None)
    return config


def _init(manifest: Manifest, group: GroupName, live: JsonObject) -> JsonObject:
    experimental = manifest.table("experimental")
    command = manifest.table("processes").get(group)
    cmd: Json = None
    if isinstance(command, str) and command:
        cmd = split(command, ("processes", group))
    elif "cmd" in experimental:
        cmd = experimental["cmd"]
    init = {
        key: value for key, value in live.items() if key not in ("cmd", "entrypoint", "exec", "swap_size_mb")
    }
    init |= {key: value for key in ("entrypoint", "exec") if (value := experimental.get(key))}
    if cmd:
        init["cmd"] = cmd
    return {**init, **swap(manifest)}


def _env(
    manifest: Manifest, group: GroupName, live: Mapping[str, Json] | None, *, compat: Compat
) -> JsonObject:
    env = base_env(manifest, str(group))
    before = live.get("env") if live else None
    keeps = (
        compat is Compat.FLIGHTPLAN
        and live is not None
        and live.get("standbys")
        and not services_for(manifest, group)
    )
    if keeps and isinstance(before, Mapping) and "FLY_STANDBY_FOR" in before:
        env.setdefault("FLY_STANDBY_FOR", before["FLY_STANDBY_FOR"])
    return env


def _metadata(group: GroupName, live: JsonObject, *, compat: Compat) -> JsonObject:
    if compat is Compat.FLYCTL:  # docs/flyctl-differences.md, managed-postgres
        live.pop("fly-managed-postgres", None)
    return {**live, "fly_platform_version": PLATFORM, "fly_process_group": group}


def _metrics(manifest: Manifest, group: GroupName) -> Json:
    for metrics in manifest.tables("metrics"):
        if manifest.matches(group, metrics.get("processes")):
            found = {key: metrics[key] for key in ("port", "path", "https") if metrics.get(key)}
            has_embedded = any(key in metrics for key in ("port", "path", "https"))
            return found if has_embedded else None
    return None


def _checks(manifest: Manifest, group: GroupName) -> JsonObject:
    try:
        return top_checks_for(manifest, group)
    except ValueError as error:
        raise Unconvertible(str(error), ("checks",)) from error


def _statics(manifest: Manifest) -> list[Json]:
    keys = ("guest_path", "url_prefix", "tigris_bucket", "index_document")
    return [{key: static.get(key, "") for key in keys} for static in manifest.tables("statics")]


def _mounts(manifest: Manifest, group: GroupName) -> list[Mapping[str, Json]]:
    return [mount for mount in manifest.tables("mounts") if manifest.matches(group, mount.get("processes"))]


def _overlay_mounts(
    manifest: Manifest, group: GroupName, live: Mapping[str, Json] | None, *, compat: Compat
) -> list[Json]:
    """The mounts: new ones from fly.toml; a live one keeps its volume, with path and automatic extension from fly.toml."""
    wanted = [_mount(mount) for mount in _mounts(manifest, group)]
    mounted = objects(live.get("mounts")) if live else []
    if not wanted or not mounted:
        return list(wanted)
    first, new = copy_object(mounted[0]), wanted[0]
    if first.get("name") and first.get("path") != new.get("path"):
        first["path"] = new.get("path", "")
        if compat is Compat.FLYCTL:  # docs/flyctl-differences.md, mount-fields
            first = {key: first[key] for key in ("path", "name", "volume") if key in first}
    for key in _EXTENSION:
        first.pop(key, None)
    first |= {key: new[key] for key in _EXTENSION if key in new}
    return [first, *wanted[1:]]


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


def _restart(manifest: Manifest, group: GroupName) -> Json:
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


def _guest(manifest: Manifest, group: GroupName) -> JsonObject | None:
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
