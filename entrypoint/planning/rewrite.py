"""What an update would write to a machine, and what that changes. It follows from the machine's config alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from entrypoint.fleet.images import runs_image
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.sharing import Derived
from entrypoint.manifest.convert.group import MountChange, mount_change
from entrypoint.planning.desired import Desired, is_as_wanted
from entrypoint.planning.diff import changes_of_normal
from entrypoint.planning.model.gates import gate_for
from entrypoint.planning.model.steps import FieldChange, HealthGate
from entrypoint.planning.observed import Seen
from entrypoint.planning.sizes import size_change

OTHER_HOST = "fly.toml asks for another dedicated host"
_WORDS = {
    "cmd": "command",
    "env": "environment",
    "services": "services",
    "checks": "checks",
    "guest": "size",
    "mounts": "mount",
    "metrics": "metrics",
    "restart": "restart policy",
    "files": "files",
    "statics": "statics",
    "stop_config": "stop signal",
    "metadata": "metadata",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """The config that a machine should have, beside the one that it has.

    `same_image`: it runs the image that it should. `is_same`: it needs no write, apart from the image. `words`: the kinds of `changes`,
    for people. `cannot`: why an update cannot do it, so that the machine must be replaced; empty where it can. `undo_gate`: that of the
    present config.
    """

    config: JsonObject
    same_image: bool
    is_same: bool
    changes: tuple[FieldChange, ...]
    words: tuple[str, ...]
    cannot: str
    gate: HealthGate
    undo_gate: HealthGate


class Rewrites:
    """Those of a group's machines. Machines with the same config share one."""

    def __init__(self, desired: Desired, *, timeout: float) -> None:
        self._desired = desired
        self._timeout = timeout
        self._known = Derived[Rewrite | tuple[Finding, ...]]()

    def of(self, seen: Seen) -> Rewrite | tuple[Finding, ...]:
        """That of one machine; findings where fly.toml cannot be converted."""
        machine = seen.machine
        return self._known.of(machine.config, machine.image_digest, make=lambda: self._make(seen))

    def _make(self, seen: Seen) -> Rewrite | tuple[Finding, ...]:
        desired, live = self._desired, seen.machine.config
        wanted = desired.updated_config(seen.machine)
        if isinstance(wanted, tuple):
            return wanted
        target = desired.normal(wanted)
        changes = changes_of_normal(seen.config, target)
        return Rewrite(
            config=wanted,
            same_image=runs_image(seen.machine, desired.image.ref),
            is_same=is_as_wanted(seen.config, target),
            changes=changes,
            words=tuple(dict.fromkeys(_words(changes, live, wanted))),
            cannot=_cannot(desired, live, wanted),
            gate=gate_for(wanted, launch=True, timeout=self._timeout),
            undo_gate=gate_for(live, launch=True, timeout=self._timeout),
        )


def _cannot(desired: Desired, live: Mapping[str, Json], wanted: Mapping[str, Json]) -> str:
    """Why the machine must be replaced instead of updated; empty where an update does (flyctl machines_launchinput.go)."""
    match mount_change(desired.manifest, group=desired.group, live=live):
        case MountChange.ADDED:
            return "fly.toml adds a mount"
        case MountChange.REMOVED:
            return "fly.toml has no mount any more"
        case MountChange.RENAMED:
            return "fly.toml mounts another volume"
        case MountChange.NONE:
            pass
    if _dedicated_host(wanted) not in ("", _dedicated_host(live)):
        return OTHER_HOST
    return ""


def _dedicated_host(config: Mapping[str, Json]) -> str:
    guest = config.get("guest")
    found = guest.get("host_dedication_id") if isinstance(guest, Mapping) else None
    return found if isinstance(found, str) else ""


def _words(
    changes: tuple[FieldChange, ...], live: Mapping[str, Json], wanted: Mapping[str, Json]
) -> Iterator[str]:
    size = size_change(live.get("guest"), wanted.get("guest"))
    for change in changes:
        key = change.path[1] if change.path[0] == "init" and len(change.path) > 1 else change.path[0]
        yield f"size {size}" if key == "guest" and size else _WORDS.get(key, key)
