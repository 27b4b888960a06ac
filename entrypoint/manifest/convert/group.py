"""fly.toml → the Machine config of a group, merged into a live one (flyctl internal/appconfig/machines.go:updateMachineConfig).

What fly.toml sets is always replaced. Everything else in the live config is kept, also keys that this version does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject, copy_object
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.files import files_for
from entrypoint.manifest.convert.group_parts import (
    checks_for,
    guest_for,
    init_for,
    metrics_for,
    mounts_for,
    restart_for,
    statics_of,
)
from entrypoint.manifest.convert.machine_json import Given, given_config, known_only, merge_given
from entrypoint.manifest.convert.parts import (
    PLATFORM,
    Conversion,
    Unconvertible,
    base_env,
    json_object,
    stop_config,
)
from entrypoint.manifest.convert.services import services_for
from entrypoint.manifest.model import Manifest, objects

_COMMANDS = frozenset({"cmd", "entrypoint", "exec", "swap_size_mb"})
"""Keys of a live `init` that a deploy removes."""
_EXTENSION = ("extend_threshold_percent", "add_size_gb", "size_gb_limit")


def machine_config(
    manifest: Manifest, *, group: GroupName, live: Mapping[str, Json] | None, compat: Compat
) -> Conversion:
    """The config of one of the group's machines, as `GroupConfig.merged_into`."""
    return GroupConfig(manifest=manifest, group=group, compat=compat).merged_into(live)


@dataclass(frozen=True, kw_only=True)
class GroupConfig:
    """The config of a group's machines. What all of them share is converted once. No slots, because of cached_property."""

    manifest: Manifest
    group: GroupName
    compat: Compat

    def merged_into(self, live: Mapping[str, Json] | None) -> Conversion:
        """The config of one machine. `live`: its present config; None for a new machine. Parts are shared with `live` and with the
        group's other machines, so the result must not be changed in place.
        """
        try:
            return Conversion(config=self._merged_into(live))
        except Unconvertible as error:
            return error.conversion(self.manifest, self.group)

    @cached_property
    def shared(self) -> JsonObject:
        """The parts that fly.toml sets, and every machine has as they are here. Raises Unconvertible."""
        return {
            "metrics": metrics_for(self.manifest, self.group),
            "services": services_for(self.manifest, self.group),
            "checks": checks_for(self.manifest, self.group),
            "env": base_env(self.manifest, str(self.group)),
            "statics": statics_of(self.manifest),
            "stop_config": stop_config(self.manifest.values),
            "files": files_for(self.manifest, self.group, compat=self.compat),
            "restart": restart_for(self.manifest, self.group),
            "guest": guest_for(self.manifest, self.group),
        }

    @cached_property
    def _given(self) -> Given | None:
        return given_config(self.manifest, compat=self.compat)

    @cached_property
    def _init(self) -> JsonObject:
        return init_for(self.manifest, self.group)

    @cached_property
    def _mounts(self) -> list[JsonObject]:
        return mounts_for(self.manifest, self.group)

    def _merged_into(self, live: Mapping[str, Json] | None) -> JsonObject:
        config = dict(live or {})
        if self.compat is Compat.FLYCTL:
            config = known_only(config)
        config = merge_given(self._given, config, manifest=self.manifest)
        before = json_object(config.get("init"))
        init = {**{key: value for key, value in before.items() if key not in _COMMANDS}, **self._init}
        shared = self.shared
        owned: JsonObject = {
            "metrics": shared["metrics"],
            "init": init,
            "metadata": self._metadata(json_object(config.get("metadata"))),
            "services": shared["services"],
            "checks": shared["checks"],
            "env": self._env(live),
            "statics": shared["statics"],
            "mounts": self._mounts_over(live),
            "stop_config": shared["stop_config"],
            "files": shared["files"],
            "restart": shared["restart"],
        }
        for key, value in owned.items():
            if value is None or (value in ([], {}) and key not in ("init", "metrics")):
                config.pop(key, None)
            else:
                config[key] = value
        if shared["guest"] is not None:
            config["guest"] = shared["guest"]
        if config.get("services"):
            config.pop("standbys", None)
        return config

    def _env(self, live: Mapping[str, Json] | None) -> Json:
        env = self.shared["env"]
        before = live.get("env") if live else None
        keeps = (
            self.compat is Compat.FLIGHTPLAN
            and live is not None
            and live.get("standbys")
            and not self.shared["services"]
        )
        if keeps and isinstance(before, Mapping) and "FLY_STANDBY_FOR" in before:
            return {"FLY_STANDBY_FOR": before["FLY_STANDBY_FOR"], **json_object(env)}
        return env

    def _metadata(self, live: JsonObject) -> JsonObject:
        if self.compat is Compat.FLYCTL:  # docs/flyctl-differences.md, managed-postgres
            live.pop("fly-managed-postgres", None)
        return {**live, "fly_platform_version": PLATFORM, "fly_process_group": self.group}

    def _mounts_over(self, live: Mapping[str, Json] | None) -> list[Json]:
        """The mounts: new ones from fly.toml; a live one keeps its volume, with path and automatic extension from fly.toml."""
        wanted = self._mounts
        mounted = objects(live.get("mounts")) if live else []
        if not wanted or not mounted:
            return list(wanted)
        first, new = copy_object(mounted[0]), wanted[0]
        if first.get("name") and first.get("path") != new.get("path"):
            first["path"] = new.get("path", "")
            if self.compat is Compat.FLYCTL:  # docs/flyctl-differences.md, mount-fields
                first = {key: first[key] for key in ("path", "name", "volume") if key in first}
        for key in _EXTENSION:
            first.pop(key, None)
        first |= {key: new[key] for key in _EXTENSION if key in new}
        return [first, *wanted[1:]]


class MountChange(Enum):
    """How the mount in fly.toml differs from the live one."""

    NONE = auto()
    ADDED = auto()
    REMOVED = auto()
    RENAMED = auto()


def mount_change(manifest: Manifest, *, group: GroupName, live: Mapping[str, Json]) -> MountChange:
    """How the mounts differ. Unless it is NONE, a machine with the config `live` cannot be updated in place."""
    wanted, mounted = mounts_for(manifest, group), objects(live.get("mounts"))
    if wanted and not mounted:
        return MountChange.ADDED
    if mounted and not wanted:
        return MountChange.REMOVED
    if wanted and mounted:
        name = mounted[0].get("name")
        if name and name != wanted[0].get("name"):
            return MountChange.RENAMED
    return MountChange.NONE
