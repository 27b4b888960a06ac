"""The config that a machine should have: fly.toml merged into the live config, and the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from entrypoint.fleet.images import pinned
from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import NormalConfig, are_same, normal_config, normal_fingerprint
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import GroupConfig
from entrypoint.manifest.model import Manifest, objects
from entrypoint.planning.model.image import Image

DEFAULT_GUEST: JsonObject = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
"""The size of a new machine without [[vm]] (flyctl internal/flag/machines.go)."""
STANDBY_FOR = "FLY_STANDBY_FOR"
"""The variable that names a standby's primary."""
_NOT_CLONED = frozenset({"mounts", "standbys", "image"})
"""What a clone does not copy: the volume, the machines that it stands by for, the image."""


@dataclass(frozen=True, kw_only=True)
class Desired:
    """The config that a group should have, to be merged into the config of each machine. No slots, because of cached_property."""

    manifest: Manifest
    group: GroupName
    image: Image
    fallback_image: str
    """The image of new machines where none is given: the one that the fleet runs."""
    compat: Compat

    @cached_property
    def converted(self) -> GroupConfig:
        """fly.toml, converted for this group."""
        return GroupConfig(manifest=self.manifest, group=self.group, compat=self.compat)

    @cached_property
    def _shared(self) -> NormalConfig:
        return normal_config(self.converted.shared)

    def normal(self, config: Mapping[str, Json]) -> NormalConfig:
        """`normal_config` of a config that was made here. What all machines share is brought into that form only once."""
        shared = self.converted.shared
        ready = {key: value for key, value in self._shared.items() if config.get(key) is shared[key]}
        own = {key: value for key, value in config.items() if key not in ready}
        return NormalConfig({**normal_config(own), **ready})

    @cached_property
    def new_config(self) -> JsonObject | tuple[Finding, ...]:
        """The config of a new machine, without a volume; findings where fly.toml cannot be converted."""
        made = self.converted.merged_into(None)
        if made.config is None:
            return made.findings
        config = {"guest": DEFAULT_GUEST, **made.config}
        return deployed(config, manifest=self.manifest, image=self.image.ref or self.fallback_image)

    def canary_config(self, siblings: Sequence[Machine]) -> JsonObject:
        """The config of a canary: without internal DNS, with flyctl's mark of a canary. Call it only if `new_config` is a config.

        Where fly.toml sets no size, it has the first size among its siblings that is not the default, as in flyctl.
        """
        made = self.converted.merged_into(None)
        config = dict(self.new_config) if isinstance(self.new_config, Mapping) else {}
        sizes = [s.config["guest"] for s in siblings if s.config.get("guest") not in (None, DEFAULT_GUEST)]
        if sizes and "guest" not in (made.config or {}):
            config["guest"] = sizes[0]
        dns, metadata = (
            found if isinstance(found := config.get(key), Mapping) else {} for key in ("dns", "metadata")
        )
        config["dns"] = {**dns, "skip_registration": True}
        config["metadata"] = {**metadata, "fly_canary": "true"}
        return config

    def cloned_config(self, sibling: Machine) -> JsonObject | tuple[Finding, ...]:
        """The config of another machine for a group that has some. What fly.toml does not set, such as the size, is copied from
        `sibling`, as `fly machine clone` and `fly scale count` do. Its image too, where none is given.
        """
        live = {key: value for key, value in sibling.config.items() if key not in _NOT_CLONED}
        live["metadata"] = {k: v for k, v in sibling.metadata.items() if k not in VOLATILE_KEYS}
        made = self.converted.merged_into(live)
        if made.config is None:
            return made.findings
        return {"guest": DEFAULT_GUEST, **made.config, "image": self.image.ref or pinned(sibling)}

    def replaced_config(self, machine: Machine) -> JsonObject | tuple[Finding, ...]:
        """The config of the machine that replaces this one: what fly.toml does not set is copied, but not the volume."""
        live = {key: value for key, value in machine.config.items() if key not in ("mounts", "image")}
        live["metadata"] = {k: v for k, v in machine.metadata.items() if k not in VOLATILE_KEYS}
        made = self.converted.merged_into(live)
        if made.config is None:
            return made.findings
        config = {"guest": DEFAULT_GUEST, **made.config}
        return deployed(config, manifest=self.manifest, image=self.image.ref or pinned(machine))

    def updated_config(self, machine: Machine) -> JsonObject | tuple[Finding, ...]:
        """The config that the machine should have."""
        made = self.converted.merged_into(machine.config)
        if made.config is None:
            return made.findings
        image = self.image.ref or pinned(machine)
        return deployed(made.config, manifest=self.manifest, image=image)

    @cached_property
    def owned_fingerprint(self) -> str:
        """The fingerprint of what fly.toml sets in this group's config: the mark AFTER."""
        made = self.converted.merged_into(None)
        config = normal_config({}) if made.config is None else self.normal(made.config)
        return normal_fingerprint(config, image=None)


def deployed(config: Mapping[str, Json], *, manifest: Manifest, image: str) -> JsonObject:
    """The config with what flyctl adds when it deploys (machines_launchinput.go): the image, also where `.` stands for it, and the
    host_dedication_id of fly.toml's top level.
    """
    result = {**_with_image_in_files(config, image), "image": image}
    if containers := objects(result.get("containers")):
        result["containers"] = [_container(item, image) for item in containers]
    host = manifest.values.get("host_dedication_id")
    if host:
        guest = result.get("guest")
        result["guest"] = {**(guest if isinstance(guest, Mapping) else {}), "host_dedication_id": host}
    return result


def _container(container: Mapping[str, Json], image: str) -> JsonObject:
    named = {"image": image} if container.get("image") == "." else {}
    return {**_with_image_in_files(container, image), **named}


def _with_image_in_files(config: Mapping[str, Json], image: str) -> Mapping[str, Json]:
    files = objects(config.get("files"))
    if not any(file.get("image_config") == "." for file in files):
        return config
    return {
        **config,
        "files": [
            {**file, "image_config": image} if file.get("image_config") == "." else file for file in files
        ],
    }


def is_as_wanted(live: NormalConfig, wanted: NormalConfig) -> bool:
    """Whether a machine's config needs no write: apart from the image and what the platform adds, it is the planned one.

    FLY_STANDBY_FOR, which flyctl drops from a standby (docs/flyctl-differences.md, standby-for), is removed by the next write, but does
    not cause one.
    """
    return are_same(_without_dropped(live, wanted), wanted)


def _without_dropped(live: NormalConfig, wanted: NormalConfig) -> NormalConfig:
    env, kept = live.get("env"), wanted.get("env")
    stays = isinstance(kept, Mapping) and STANDBY_FOR in kept
    if not isinstance(env, Mapping) or not wanted.get("standbys") or stays:
        return live
    return normal_config({**live, "env": {key: value for key, value in env.items() if key != STANDBY_FOR}})
