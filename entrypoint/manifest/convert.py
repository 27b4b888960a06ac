"""fly.toml → Machine config of a group, laid over a live one (flyctl machines.go:updateMachineConfig; flytoml spec §4).

What fly.toml owns is replaced every time; everything else in the live config survives, keys of tomorrow included.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject, copy_object
from entrypoint.kernel.run import Compat
from entrypoint.manifest.files import files_for
from entrypoint.manifest.guest import compute_for, guest_of
from entrypoint.manifest.model import Manifest, objects, strings
from entrypoint.manifest.services import services_for, top_checks_for
from entrypoint.manifest.source import Path
from entrypoint.manifest.values import format_duration, parse_volume_size, split_command

PLATFORM = "v2"
_RESTART = {"always": "always", "on-failure": "on-failure", "never": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """The config, without an image; or None and why fly.toml cannot be converted."""

    config: JsonObject | None
    findings: tuple[Finding, ...] = ()


class MountChange(Enum):
    """How the mount in fly.toml and the live one differ (flyctl-deploy §3.5)."""

    NONE = auto()
    ADDED = auto()
    REMOVED = auto()
    RENAMED = auto()


class _Unconvertible(Exception):
    """With the path of the section at fault."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path


def machine_config(
    manifest: Manifest, *, group: GroupName, live: Mapping[str, Json] | None, compat: Compat
) -> Conversion:
    """The config of one of the group's machines; `live` is what it runs now, None for a new machine."""
    try:
        return Conversion(config=_machine_config(manifest, group=group, live=live, compat=compat))
    except _Unconvertible as error:
        return Conversion(config=None, findings=(_finding(manifest, str(error), error.path, group),))


def release_config(manifest: Manifest, *, compat: Compat) -> Conversion | None:
    """The release machine's config (ToReleaseMachineConfig); None without a release_command."""
    command = manifest.deploy.release_command
    if command is None:
        return None
    try:
        return Conversion(config=_release_config(manifest, command, compat=compat))
    except _Unconvertible as error:
        return Conversion(config=None, findings=(_finding(manifest, str(error), error.path, None),))


def console_config(manifest: Manifest) -> JsonObject:
    """The console machine's config (ToConsoleMachineConfig)."""
    init: JsonObject = {"exec": ["/bin/sleep", "inf"], **_swap(manifest)}
    return _task_config(manifest, "fly_app_console", init, {})


def test_config(
    manifest: Manifest, check: Mapping[str, Json], *, origin: Mapping[str, Json], address: str
) -> JsonObject:
    """A machine check's config (ToTestMachineConfig), without an image where the check names none and origin has none."""
    experimental = manifest.table("experimental")
    origin_init, origin_env = origin.get("init"), origin.get("env")
    entrypoint = check.get("entrypoint") or (
        origin_init.get("entrypoint") if isinstance(origin_init, Mapping) else None
    )
    init: JsonObject = {
        "cmd": check.get("command"),
        "entrypoint": experimental.get("entrypoint") or entrypoint,
    }
    env: JsonObject = dict(origin_env) if isinstance(origin_env, Mapping) else {}
    env |= {"FLY_TEST_COMMAND": "1"}
    config = _task_config(
        manifest, "fly_app_test_machine_command", {**_present(init), **_swap(manifest)}, env
    )
    config["env"] = {**_object(config["env"]), "FLY_TEST_MACHINE_IP": address}
    config["image"] = check.get("image") or origin.get("image")
    stop: JsonObject = (
        {} if check.get("image") else {k: manifest.values.get(k) for k in ("kill_timeout", "kill_signal")}
    )
    stop |= {k: check[k] for k in ("kill_timeout", "kill_signal") if k in check}
    config["stop_config"] = _stop_config(stop) or {}
    return config


def mount_change(manifest: Manifest, *, group: GroupName, live: Mapping[str, Json]) -> MountChange:
    """Whether a machine that runs `live` could be updated in place as far as its volume goes."""
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
    config = copy_object(live or {})
    _merge_machine_config(manifest, config)
    owned: JsonObject = {
        "metrics": _metrics(manifest, group),
        "init": _init(manifest, group, _object(config.get("init"))),
        "metadata": {
            **_object(config.get("metadata")),
            "fly_platform_version": PLATFORM,
            "fly_process_group": group,
        },
        "services": services_for(manifest, group),
        "checks": _checks(manifest, group),
        "env": _env(manifest, group, live, compat=compat),
        "statics": _statics(manifest),
        "mounts": _overlay_mounts(manifest, group, live),
        "stop_config": _stop_config(manifest.values),
        "files": files_for(manifest, group, compat=compat),
        "restart": _restart(manifest, group),
    }
    for key, value in owned.items():
        if value is None or (value in ([], {}) and key != "init"):
            config.pop(key, None)
        else:
            config[key] = value
    guest = _guest(manifest, group)
    if guest is not None:
        config["guest"] = guest
    if config.get("services"):
        config.pop("standbys", None)
    return config


def _merge_machine_config(manifest: Manifest, config: JsonObject) -> None:
    """[build.compose] or machine_config: a Machine config given whole. What fly.toml owns wins over it later."""
    if "compose" in manifest.table("build"):
        raise _Unconvertible("[build.compose] is not supported by Flightplan", ("build", "compose"))
    text = manifest.table("experimental").get("machine_config") or manifest.values.get("machine_config")
    path: Path = (
        ("experimental", "machine_config")
        if manifest.table("experimental").get("machine_config")
        else ("machine_config",)
    )
    if not isinstance(text, str) or not text:
        return
    given = _load_machine_config(manifest, text, path)
    for key, value in given.items():
        before = config.get(key)
        config[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    _choose_container(manifest, config, path)


def _load_machine_config(manifest: Manifest, text: str, path: Path) -> JsonObject:
    if not text.startswith("{"):
        local = manifest.local.get(text)
        if not text.endswith(".json") or local is None or local.content is None:
            raise _Unconvertible(f"machine_config {text!r} is neither JSON nor a readable .json file", path)
        text = local.content
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _Unconvertible(f"machine_config is not JSON: {error}", path) from error
    if not isinstance(given, dict):
        raise _Unconvertible("machine_config is not a JSON object", path)
    return given


def _choose_container(manifest: Manifest, config: JsonObject, path: Path) -> None:
    """The container that gets the built image: the named one, else `app`, else the first (containerconfig/parse.go)."""
    containers = [dict(item) for item in objects(config.get("containers"))]
    if not containers:
        return
    named = manifest.values.get("container")
    chosen = next((c for c in containers if c.get("name") == (named or "app")), None)
    if chosen is None and named:
        raise _Unconvertible(f"container {named!r} is not in machine_config", ("container",))
    chosen = chosen or containers[0]
    for container in containers:
        if container is chosen:
            container["image"] = "."
        elif not container.get("image"):
            raise _Unconvertible(f"container {container.get('name')!r} needs an image", path)
    config["containers"] = list(containers)


def _init(manifest: Manifest, group: GroupName, live: JsonObject) -> JsonObject:
    experimental = manifest.table("experimental")
    command = manifest.table("processes").get(group)
    cmd: Json = None
    if isinstance(command, str) and command:
        cmd = _split(command, ("processes", group))
    elif "cmd" in experimental:
        cmd = experimental["cmd"]
    init = {
        key: value for key, value in live.items() if key not in ("cmd", "entrypoint", "exec", "swap_size_mb")
    }
    init |= {key: value for key in ("entrypoint", "exec") if (value := experimental.get(key))}
    if cmd:
        init["cmd"] = cmd
    return {**init, **_swap(manifest)}


def _split(command: str, path: Path) -> list[Json]:
    try:
        return list(split_command(command))
    except ValueError as error:
        raise _Unconvertible(f"command {command!r}: {error}", path) from error


def _swap(manifest: Manifest) -> JsonObject:
    return {"swap_size_mb": manifest.values["swap_size_mb"]} if "swap_size_mb" in manifest.values else {}


def _env(
    manifest: Manifest, group: GroupName, live: Mapping[str, Json] | None, *, compat: Compat
) -> JsonObject:
    env = _base_env(manifest, str(group))
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


def _base_env(manifest: Manifest, group: str) -> JsonObject:
    env: JsonObject = {**manifest.table("env"), "FLY_PROCESS_GROUP": group}
    if manifest.primary_region:
        env["PRIMARY_REGION"] = manifest.primary_region
    return env


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
        raise _Unconvertible(str(error), ("checks",)) from error


def _statics(manifest: Manifest) -> list[Json]:
    keys = ("guest_path", "url_prefix", "tigris_bucket", "index_document")
    return [{key: static.get(key, "") for key in keys} for static in manifest.tables("statics")]


def _mounts(manifest: Manifest, group: GroupName) -> list[Mapping[str, Json]]:
    return [mount for mount in manifest.tables("mounts") if manifest.matches(group, mount.get("processes"))]


def _overlay_mounts(manifest: Manifest, group: GroupName, live: Mapping[str, Json] | None) -> list[Json]:
    """New ones from fly.toml; of a live one the volume is kept and path and extension are fly.toml's (flyctl-deploy §3.5)."""
    wanted = [_mount(mount) for mount in _mounts(manifest, group)]
    mounted = objects(live.get("mounts")) if live else []
    if not wanted or not mounted:
        return list(wanted)
    first = copy_object(mounted[0])
    if not first.get("name"):
        return [first]
    for key in ("path", "extend_threshold_percent", "add_size_gb", "size_gb_limit"):
        first.pop(key, None)
        if key in wanted[0]:
            first[key] = wanted[0][key]
    return [first]


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


def _stop_config(values: Mapping[str, Json]) -> Json:
    stop: JsonObject = {}
    timeout, signal = values.get("kill_timeout"), values.get("kill_signal")
    if isinstance(timeout, int):
        stop["timeout"] = format_duration(timeout)
    if isinstance(signal, str):
        stop["signal"] = signal
    return stop or None


def _restart(manifest: Manifest, group: GroupName) -> Json:
    """The last one that applies."""
    result: Json = None
    for index, restart in enumerate(manifest.tables("restart")):
        if not manifest.matches(group, restart.get("processes")):
            continue
        policy = restart.get("policy")
        if policy not in _RESTART:
            raise _Unconvertible(f"there is no restart policy {policy!r}", ("restart", index))
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
        raise _Unconvertible(str(error), ("vm", index)) from error


def _release_config(manifest: Manifest, command: str, *, compat: Compat) -> JsonObject:
    init: JsonObject = {"cmd": _split(command, ("deploy", "release_command")), **_swap(manifest)}
    entrypoint = manifest.table("experimental").get("entrypoint")
    if entrypoint:
        init["entrypoint"] = entrypoint
    config = _task_config(manifest, "fly_app_release_command", _present(init), {"RELEASE_COMMAND": "1"})
    stop = _stop_config(manifest.values)
    if stop:
        config["stop_config"] = stop
    files = files_for(manifest, None, compat=compat)
    if files:
        config["files"] = files
    compute = manifest.table("deploy").get("release_command_vm")
    if isinstance(compute, Mapping):
        try:
            config["guest"] = guest_of(compute, host_dedication=manifest.values.get("host_dedication_id"))
        except ValueError as error:
            raise _Unconvertible(str(error), ("deploy", "release_command_vm")) from error
    return config


def _task_config(manifest: Manifest, group: str, init: JsonObject, env: Mapping[str, Json]) -> JsonObject:
    """What release, console and test machines share."""
    return {
        "init": init,
        "env": {**manifest.table("env"), **env, **_base_env(manifest, group)} | dict(env),
        "restart": {"policy": "no"},
        "auto_destroy": True,
        "dns": {"skip_registration": True},
        "metadata": {"fly_platform_version": PLATFORM, "fly_process_group": group},
    }


def _present(value: JsonObject) -> JsonObject:
    return {key: item for key, item in value.items() if item}


def _object(value: Json) -> JsonObject:
    return dict(value) if isinstance(value, Mapping) else {}


def _finding(manifest: Manifest, message: str, path: Path, group: GroupName | None) -> Finding:
    node = manifest.nodes.get(path)
    where = f" (group {group})" if group and strings(list(manifest.groups)) != ["app"] else ""
    return Finding(
        rule="conversion",
        severity=Severity.ERROR,
        message=f"{message}{where}",
        hint="flyctl notices this only while deploying.",
        file=manifest.source.file,
        span=manifest.source.value_span(node) if node else None,
        path=".".join(str(part) for part in path),
    )
