"""Which [[vm]] a group gets, and its guest, for all groups at once. Decides like convert/guest.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.convert.guest import guest_of
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.syntax.tree import Path


class Vms:
    """The last [[vm]] that names a group, else the first that names none."""

    def __init__(self, manifest: Manifest) -> None:
        self._scoped: dict[str, Mapping[str, Json]] = {}
        self._general: Mapping[str, Json] | None = None
        for vm in manifest.tables("vm"):
            names = strings(vm.get("processes"))
            self._scoped |= dict.fromkeys(names, vm)
            if not names and self._general is None:
                self._general = vm

    def memory_of(self, group: GroupName) -> int:
        """MB; 0 if fly.toml does not say, or if the value cannot be read."""
        vm = self._scoped.get(group, self._general)
        memory = (guest(vm) or {}).get("memory_mb") if vm is not None else None
        return memory if isinstance(memory, int) else 0


def guest(vm: Mapping[str, Json]) -> JsonObject | None:
    """The guest of a [[vm]]; None where it makes none."""
    try:
        return guest_of(vm, host_dedication=None)
    except ValueError:
        return None


def sized_sections(manifest: Manifest) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """Every table that says a size: [[vm]] and [deploy.release_command_vm]."""
    for index, vm in manifest.indexed("vm"):
        yield ("vm", index), vm
    release = manifest.table("deploy").get("release_command_vm")
    if isinstance(release, Mapping):
        yield ("deploy", "release_command_vm"), release
