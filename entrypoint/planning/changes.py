"""What happens to one machine, given the config that its group should have: updated in place, started, replaced, or kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from entrypoint.fleet.images import runs_image
from entrypoint.fleet.managed import is_proxied
from entrypoint.fleet.model import HostStatus
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.kernel.quoting import ticked
from entrypoint.manifest.convert.group import MountChange, mount_change
from entrypoint.planning.desired import Desired, is_as_wanted
from entrypoint.planning.diff import changes_of_normal
from entrypoint.planning.model.gates import gate_at_rest, gate_for, lease_span
from entrypoint.planning.model.mounts import standbys_of
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import FieldChange, Start, Update
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.replacement import Replacement
from entrypoint.planning.sizes import size_change

HOST_SILENT = "its host does not answer"
"""Why a machine is not changed, or is replaced."""
OTHER_HOST = "fly.toml asks for another dedicated host"
Change: TypeAlias = Update | Start | Replacement | Kept

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


def change_machine(
    seen: Seen,
    desired: Desired,
    *,
    starts: bool,
    timeout: float,
    new_config: Mapping[str, Json],
    replaces_silent: bool,
) -> Change | tuple[Finding, ...]:
    """What happens to one machine. Findings where fly.toml cannot be converted, or the machine's volume cannot move.

    `starts`: policy `start = true`. `new_config`: the config of a new machine of the group, without a volume. `replaces_silent`: a
    machine whose host does not answer is replaced; otherwise, and if it has a volume, it is not changed: its data is on that host.
    """
    wanted = desired.updated_config(seen.machine)
    if isinstance(wanted, tuple):
        return wanted
    if seen.machine.host_status is not HostStatus.OK:
        if seen.volumes or not replaces_silent:
            return Kept(group=seen.group, machine=seen.machine, reason=HOST_SILENT)
        return _replacement(seen, desired, _as_standby(new_config, seen), reason=HOST_SILENT, timeout=timeout)
    reason = _replacement_reason(seen, desired, wanted)
    if reason == OTHER_HOST and seen.volumes:
        return (_cannot_move(seen),)
    if reason:
        config = desired.replaced_config(seen.machine)
        if isinstance(config, tuple):
            return config
        rests = seen.run is RunClass.RESTING and not starts
        return _replacement(seen, desired, config, reason=reason, timeout=timeout, rests=rests)
    same_image = runs_image(seen.machine, desired.image.ref)
    live, target = seen.config, desired.normal(wanted)
    is_same = same_image and is_as_wanted(live, target)
    is_same = is_same and (desired.image.sealed or seen.claimed)
    if is_same and not seen.claimed:
        return _keep_or_start(seen, starts=starts, timeout=timeout)
    rests = not (seen.run in (RunClass.RUNNING, RunClass.FAILED) if seen.claimed else seen.is_launched)
    start = starts and (
        seen.run is RunClass.PROXIED or (rests and seen.run in (RunClass.RESTING, RunClass.FAILED))
    )
    image_changes = not same_image or not desired.image.sealed
    changes = changes_of_normal(live, target)
    return Update(
        group=seen.group,
        machine=seen.machine,
        config=wanted,
        before=f"{seen.before}:{seen.run.value}",
        after=desired.owned_fingerprint,
        changes=changes,
        image_changes=image_changes,
        launch=start or not rests,
        as_found=is_proxied(seen.machine.config),
        start=start,
        serves=seen.is_warm,
        reason=_reason(seen, changes, wanted, image_changes=image_changes),
        gate=gate_for(wanted, launch=True, timeout=timeout),
        gate_if_resting=gate_at_rest(timeout=timeout),
        undo_gate=gate_for(seen.machine.config, launch=True, timeout=timeout),
        lease=lease_span(seen.machine),
        done=is_same,
    )


def _keep_or_start(seen: Seen, *, starts: bool, timeout: float) -> Start | Kept:
    if starts and seen.run in (RunClass.RESTING, RunClass.FAILED):
        return Start(
            group=seen.group,
            machine=seen.machine,
            before=seen.before,
            reason="flightplan.toml: start = true",
            gate=gate_for(seen.machine.config, launch=True, timeout=timeout),
            lease=lease_span(seen.machine),
            done=seen.started,
        )
    return Kept(group=seen.group, machine=seen.machine, reason="config and image stay")


def replace_standby(seen: Seen, desired: Desired, *, timeout: float) -> Replacement | tuple[Finding, ...]:
    """The replacement of a standby whose primary is replaced."""
    config = desired.replaced_config(seen.machine)
    if isinstance(config, tuple):
        return config
    reason = "the machine that it stands by for is replaced"
    return _replacement(seen, desired, config, reason=reason, timeout=timeout)


def _cannot_move(seen: Seen) -> Finding:
    """A volume cannot move to another host (https://fly.io/docs/volumes/overview/)."""
    volumes = ", ".join(ticked(volume) for volume in seen.volumes)
    return Finding(
        rule="volume-cannot-move",
        severity=Severity.ERROR,
        message=f"Machine {ticked(seen.machine.id)} of {ticked(seen.group)} is to move to another dedicated host, and its volume {volumes} cannot",
        hint="Fork the volume (fly volumes fork), or leave host_dedication_id as it is.",
    )


def _as_standby(config: Mapping[str, Json], seen: Seen) -> Mapping[str, Json]:
    """The config of a new machine that replaces `seen`. It stays a standby if `seen` is one, unless it has services."""
    standbys = standbys_of(seen.machine.config)
    return {**config, "standbys": list(standbys)} if standbys and not config.get("services") else config


def _replacement(
    seen: Seen,
    desired: Desired,
    config: Mapping[str, Json],
    *,
    reason: str,
    timeout: float,
    rests: bool = False,
) -> Replacement:
    return Replacement(
        group=seen.group,
        id=seen.machine.id,
        region=seen.machine.region,
        machine=seen.machine,
        before=seen.before,
        reason=reason,
        volumes=seen.volumes,
        config=config,
        after=desired.owned_fingerprint,
        gate=gate_for(config, launch=not rests, timeout=timeout),
        skip_launch=rests,
        standby_for=next(iter(standbys_of(config)), None),
    )


def _replacement_reason(seen: Seen, desired: Desired, wanted: Mapping[str, Json]) -> str:
    """Why the machine must be replaced instead of updated; empty where an update does (flyctl machines_launchinput.go)."""
    match mount_change(desired.manifest, group=desired.group, live=seen.machine.config):
        case MountChange.ADDED:
            return "fly.toml adds a mount"
        case MountChange.REMOVED:
            return "fly.toml has no mount any more"
        case MountChange.RENAMED:
            return "fly.toml mounts another volume"
        case MountChange.NONE:
            pass
    if _dedicated_host(wanted) not in ("", _dedicated_host(seen.machine.config)):
        return OTHER_HOST
    return ""


def _dedicated_host(config: Mapping[str, Json]) -> str:
    guest = config.get("guest")
    found = guest.get("host_dedication_id") if isinstance(guest, Mapping) else None
    return found if isinstance(found, str) else ""


def _reason(
    seen: Seen, changes: tuple[FieldChange, ...], wanted: Mapping[str, Json], *, image_changes: bool
) -> str:
    words: list[str] = []
    moved = ""
    size = size_change(seen.machine.config.get("guest"), wanted.get("guest"))
    env = seen.machine.config.get("env")
    was = env.get("FLY_PROCESS_GROUP") if isinstance(env, Mapping) else None
    if isinstance(was, str) and was not in ("", seen.group):
        moved = f"moved from group {was}"
    for change in changes:
        key = change.path[1] if change.path[0] == "init" and len(change.path) > 1 else change.path[0]
        word = _WORDS.get(key, key)
        if key == "guest" and size:
            word = f"size {size}"
        if word not in words:
            words.append(word)
    if image_changes:
        words.append("image")
    return ": ".join(part for part in (moved, ", ".join(words)) if part) or "config"
