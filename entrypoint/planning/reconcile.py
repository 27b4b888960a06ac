"""One group: every live machine is kept, updated, started, replaced or destroyed; missing ones are created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from entrypoint.fleet.model import Fleet, HostStatus, Volume
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName, MachineId, Region, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.manifest.convert import MountChange, mount_change
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy import GroupPolicy
from entrypoint.planning.desired import Desired, is_as_wanted, with_volume
from entrypoint.planning.diff import diff_configs
from entrypoint.planning.gates import gate_for
from entrypoint.planning.images import runs_image
from entrypoint.planning.model import (
    Create,
    Destroy,
    FieldChange,
    Gate,
    GateKind,
    Kept,
    Replace,
    Start,
    Update,
)
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.settings import Settings
from entrypoint.planning.targets import Place, Target, target_live_group, target_new_group

DESTROY_TIMEOUT = 120.0
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
class Reconciled:
    """One group's machines, each in exactly one place."""

    group: GroupName
    is_new: bool
    is_gone: bool
    creates: tuple[Create, ...]
    changes: tuple[Update | Start | Replace, ...]
    destroys: tuple[Destroy, ...]
    kept: tuple[Kept, ...]
    findings: tuple[Finding, ...]
    """Errors here block the plan."""
    gate: Gate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupInput:
    """What a group is reconciled from. `seen` holds all its live machines; `volumes` are free ones, taken in order."""

    manifest: Manifest
    settings: Settings
    desired: Desired
    policy: GroupPolicy
    seen: tuple[Seen, ...]
    fleet: Fleet
    region: Region
    """Where new machines go."""


def reconcile_group(given: GroupInput) -> Reconciled:
    """A group that fly.toml names."""
    group = given.desired.group
    fresh = given.desired.fresh()
    if isinstance(fresh, tuple):
        return _unconverted(given, fresh)
    base = tuple(seen for seen in given.seen if not seen.is_new)
    target = _target(given, fresh, base)
    surplus = {seen.machine.id for seen in target.surplus}
    findings: list[Finding] = []
    changes: list[Update | Start | Replace] = []
    kept: list[Kept] = []
    for seen in base:
        if seen.machine.id not in surplus:
            part = _reconcile_machine(given, seen, findings)
            kept.append(part) if isinstance(part, Kept) else changes.append(part)
    creates = tuple(_creates(given, fresh, target, findings))
    return Reconciled(
        group=group,
        is_new=not base,
        is_gone=False,
        creates=creates,
        changes=tuple(changes),
        destroys=tuple(destroy(seen, reason="more than the declared count") for seen in target.surplus),
        kept=tuple(kept),
        findings=tuple(findings),
        gate=gate_for(fresh, launch=True, timeout=given.settings.wait_timeout),
    )


def destroy(seen: Seen, *, reason: str) -> Destroy:
    """Take a machine away; its volumes stay."""
    return Destroy(
        group=seen.group,
        region=seen.machine.region,
        id=seen.machine.id,
        machine=seen.machine,
        before=seen.before,
        volumes=seen.volumes,
        reason=reason,
        gate=Gate(kind=GateKind.GONE, label="gone", timeout=DESTROY_TIMEOUT),
    )


def _unconverted(given: GroupInput, findings: tuple[Finding, ...]) -> Reconciled:
    return Reconciled(
        group=given.desired.group,
        is_new=not given.seen,
        is_gone=False,
        creates=(),
        changes=(),
        destroys=(),
        kept=tuple(
            Kept(group=s.group, machine=s.machine, reason="fly.toml cannot be converted") for s in given.seen
        ),
        findings=findings,
        gate=None,
    )


def _target(given: GroupInput, fresh: Mapping[str, Json], base: tuple[Seen, ...]) -> Target:
    group, policy = given.desired.group, given.policy
    count = given.settings.count(group)
    if base:
        return target_live_group(group=group, base=base, count=count, region=given.region)
    if count is None and policy.when_empty != "create":
        return Target(places=(), surplus=())
    return target_new_group(
        group=group,
        count=count,
        region=given.region,
        has_mount=bool(fresh.get("mounts")),
        has_services=bool(fresh.get("services")),
        is_singleton=policy.singleton,
    )


def _reconcile_machine(
    given: GroupInput, seen: Seen, findings: list[Finding]
) -> Update | Start | Replace | Kept:
    machine, desired = seen.machine, given.desired
    if machine.host_status is not HostStatus.OK:
        return Replace(
            group=seen.group, machine=machine, before=seen.before, reason="its host does not answer"
        )
    reason = _replacement_reason(given, seen)
    if reason:
        return Replace(group=seen.group, machine=machine, before=seen.before, reason=reason)
    wanted = desired.over(machine)
    if isinstance(wanted, tuple):
        findings += [finding for finding in wanted if finding not in findings]
        return Kept(group=seen.group, machine=machine, reason="fly.toml cannot be converted")
    same_image = runs_image(machine, desired.image)
    is_same = (
        is_as_wanted(seen, wanted, owned=desired.owned())
        and same_image
        and (desired.image.sealed or seen.claimed)
    )
    if is_same and not seen.claimed:
        return _keep_or_start(given, seen)
    starts = given.policy.start and not seen.is_launched and not seen.is_standby
    launch = starts or (seen.run in (RunClass.RUNNING, RunClass.FAILED) if seen.claimed else seen.is_launched)
    changes = diff_configs(machine.config, wanted)
    return Update(
        group=seen.group,
        machine=machine,
        config=wanted,
        before=f"{seen.before}:{seen.run.value}",
        after=desired.owned(),
        changes=changes,
        image_changes=not same_image or not desired.image.sealed,
        launch=launch,
        start=starts,
        reason=_reason(seen, changes, image_changes=not same_image or not desired.image.sealed),
        gate=gate_for(wanted, launch=launch, timeout=given.settings.wait_timeout),
        done=is_same,
    )


def _keep_or_start(given: GroupInput, seen: Seen) -> Start | Kept:
    if given.policy.start and seen.run in (RunClass.RESTING, RunClass.FAILED):
        gate = gate_for(seen.machine.config, launch=True, timeout=given.settings.wait_timeout)
        return Start(
            group=seen.group,
            machine=seen.machine,
            before=seen.before,
            reason="flightplan.toml: start = true",
            gate=gate,
        )
    return Kept(group=seen.group, machine=seen.machine, reason="config and image stay")


def _replacement_reason(given: GroupInput, seen: Seen) -> str:
    """Why an update in place cannot do it (flyctl-deploy §3.6); empty where it can."""
    match mount_change(given.manifest, group=given.desired.group, live=seen.machine.config):
        case MountChange.ADDED:
            return "fly.toml adds a mount"
        case MountChange.REMOVED:
            return "fly.toml has no mount any more"
        case MountChange.RENAMED:
            return "fly.toml mounts another volume"
        case MountChange.NONE:
            return ""


def _reason(seen: Seen, changes: tuple[FieldChange, ...], *, image_changes: bool) -> str:
    words: list[str] = []
    env = seen.machine.config.get("env")
    was = env.get("FLY_PROCESS_GROUP") if isinstance(env, Mapping) else None
    if isinstance(was, str) and was not in ("", seen.group):
        words.append(f"moved from group {was}")
    for change in changes:
        key = change.path[1] if change.path[0] == "init" and len(change.path) > 1 else change.path[0]
        word = _WORDS.get(key, key)
        if word not in words:
            words.append(word)
    if image_changes:
        words.append("image")
    return ", ".join(words) or "config"


def _creates(
    given: GroupInput, fresh: Mapping[str, Json], target: Target, findings: list[Finding]
) -> Iterator[Create]:
    free = list(_free_volumes(given, fresh))
    made = {seen.marks.slot: seen for seen in given.seen if seen.is_new and seen.marks is not None}
    for place in target.places:
        existing = made.get(str(place.slot))
        config, volume = fresh, None
        if fresh.get("mounts"):
            volume = (
                existing.volumes[0] if existing and existing.volumes else _take(free, place, findings, given)
            )
            config = with_volume(fresh, volume) if volume else fresh
        launch = place.standby_for is None
        yield Create(
            group=given.desired.group,
            region=place.slot.region,
            slot=place.slot,
            config=config,
            after=given.desired.owned(),
            standby_for=place.standby_for,
            volume=volume,
            reason=place.reason,
            gate=gate_for(config, launch=launch, timeout=given.settings.wait_timeout),
            done=MachineId(existing.machine.id) if existing else None,
        )


def _free_volumes(given: GroupInput, fresh: Mapping[str, Json]) -> Iterator[Volume]:
    mounts = fresh.get("mounts")
    first = mounts[0] if isinstance(mounts, list | tuple) and mounts else None
    name = first.get("name") if isinstance(first, Mapping) else None
    for volume in sorted(given.fleet.volumes, key=lambda v: v.id):
        if volume.name == name and volume.attached_machine is None and volume.host_status is HostStatus.OK:
            yield volume


def _take(free: list[Volume], place: Place, findings: list[Finding], given: GroupInput) -> VolumeId | None:
    for volume in free:
        if place.slot.region in ("", volume.region):
            free.remove(volume)
            return volume.id
    group = given.desired.group
    findings.append(
        Finding(
            rule="volume-missing",
            severity=Severity.ERROR,
            message=f"A new machine of `{group}` in {place.slot.region or 'the primary region'} needs a volume, and none is free there.",
            hint="Create it first: fly volumes create NAME --region REGION. Flightplan does not create volumes yet.",
        )
    )
    return None
