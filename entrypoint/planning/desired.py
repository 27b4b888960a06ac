"""What a machine's config should be: fly.toml laid over what is live, and the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from entrypoint.fleet.images import pinned
from entrypoint.fleet.marks import VOLATILE_KEYS
from entrypoint.fleet.model import Machine
from entrypoint.fleet.normalise import fingerprint, is_same_config
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject, copy_object
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.model import Manifest, objects
from entrypoint.planning.model.image import Image
from entrypoint.planning.observed import Seen

DEFAULT_GUEST: JsonObject = {"cpu_kind": "shared", "cpus": 1, "memory_mb": 256}
"""flyctl flag/machines.go: what a new machine gets where no [[vm]] says otherwise."""
STANDBY_FOR = "FLY_STANDBY_FOR"
"""The variable that names a standby's primary."""
_NOT_CLONED = frozenset({"mounts", "standbys", "image"})
"""What differs from machine to machine: its volume, and which machines it stands by for."""


@dataclass(frozen=True, kw_only=True)
class Desired:
    """A group's wanted config: made once for the group, then merged into the config of each of its machines. No slots: what is alike for
    all is cached.
    """

    manifest: Manifest
    group: GroupName
    image: Image
    fallback_image: str
    """For new machines where nothing says an image: what the fleet runs."""
    compat: Compat

    @cached_property
    def new_config(self) -> JsonObject | tuple[Finding, ...]:
        """The config of a new machine, without a volume; findings where fly.toml cannot be converted."""
        made = machine_config(self.manifest, group=self.group, live=None, compat=self.compat)
        if made.config is None:
            return made.findings
        config = {"guest": dict(DEFAULT_GUEST), **copy_object(made.config)}
        return deployed(config, manifest=self.manifest, image=self.image.ref or self.fallback_image)

    def canary_config(self, siblings: Sequence[Machine]) -> JsonObject:
        """The config of a machine which tests the new version: in no internal DNS, marked as flyctl marks its own, and of the first size
        among its siblings that is not the default, where fly.toml says none (flyctl-deploy §4.4). Only where `new_config` is one.
        """
        made = machine_config(self.manifest, group=self.group, live=None, compat=self.compat)
        config = copy_object(self.new_config) if isinstance(self.new_config, Mapping) else {}
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
        """The config of a new machine of a group that has some: what fly.toml does not own, its size above all, is that of
        `sibling`, as `fly machine clone` and `fly scale count` do it. Where nothing says an image, its image too."""
        live = {key: value for key, value in sibling.config.items() if key not in _NOT_CLONED}
        live["metadata"] = {k: v for k, v in sibling.metadata.items() if k not in VOLATILE_KEYS}
        made = machine_config(self.manifest, group=self.group, live=live, compat=self.compat)
        if made.config is None:
            return made.findings
        config = copy_object(made.config)
        config.setdefault("guest", dict(DEFAULT_GUEST))
        config["image"] = self.image.ref or pinned(sibling)
        return config

    def replaced_config(self, machine: Machine) -> JsonObject | tuple[Finding, ...]:
        """The config of the machine that is made for this one: what fly.toml does not own is kept, its volume is not."""
        live = {key: value for key, value in machine.config.items() if key not in ("mounts", "image")}
        live["metadata"] = {k: v for k, v in machine.metadata.items() if k not in VOLATILE_KEYS}
        made = machine_config(self.manifest, group=self.group, live=live, compat=self.compat)
        if made.config is None:
            return made.findings
        config = copy_object(made.config)
        config.setdefault("guest", dict(DEFAULT_GUEST))
        return deployed(config, manifest=self.manifest, image=self.image.ref or pinned(machine))

    def updated_config(self, machine: Machine) -> JsonObject | tuple[Finding, ...]:
        """The config that the machine should have."""
        made = machine_config(self.manifest, group=self.group, live=machine.config, compat=self.compat)
        if made.config is None:
            return made.findings
        image = self.image.ref or pinned(machine)
        return deployed(copy_object(made.config), manifest=self.manifest, image=image)

    @cached_property
    def owned_fingerprint(self) -> str:
        """The fingerprint of what fly.toml owns in this group: the mark AFTER."""
        made = machine_config(self.manifest, group=self.group, live=None, compat=self.compat)
        return fingerprint(made.config or {}, image=None)


def deployed(config: JsonObject, *, manifest: Manifest, image: str) -> JsonObject:
    """What flyctl adds while deploying (machines_launchinput.go): the image, wherever `.` stands for it, and the dedicated host of the top level."""
    config["image"] = image
    _put_image(config, image)
    for container in objects(config.get("containers")):
        assert isinstance(container, dict)
        if container.get("image") == ".":
            container["image"] = image
        _put_image(container, image)
    host = manifest.values.get("host_dedication_id")
    if host:
        guest = config.get("guest")
        config["guest"] = {**(guest if isinstance(guest, Mapping) else {}), "host_dedication_id": host}
    return config


def _put_image(config: Mapping[str, Json], image: str) -> None:
    for file in objects(config.get("files")):
        assert isinstance(file, dict)
        if file.get("image_config") == ".":
            file["image_config"] = image


def is_as_wanted(seen: Seen, wanted: Mapping[str, Json]) -> bool:
    """Whether the machine's config needs no write, image aside: it is the wanted one, save what the platform adds.

    The variable that flyctl drops from a standby (docs/flyctl-differences.md, standby-for) goes with a write and asks for none.
    """
    return is_same_config(_without_dropped(seen.machine.config, wanted), wanted)


def _without_dropped(live: Mapping[str, Json], wanted: Mapping[str, Json]) -> Mapping[str, Json]:
    env, kept = live.get("env"), wanted.get("env")
    stays = isinstance(kept, Mapping) and STANDBY_FOR in kept
    if not isinstance(env, Mapping) or not wanted.get("standbys") or stays:
        return live
    return {**live, "env": {key: value for key, value in env.items() if key != STANDBY_FOR}}
