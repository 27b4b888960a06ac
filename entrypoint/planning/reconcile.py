"""Decides for one group what happens to every machine: keep, update, start, replace or destroy; missing ones are created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property, partial

from entrypoint.fleet.marks import Slot
from entrypoint.fleet.model import HostStatus
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, MachineId, Region, VolumeId
from entrypoint.kernel.json import Json
from entrypoint.kernel.run import AllowDestroy
from entrypoint.planning.after import After, machines_after
from entrypoint.planning.changes import Change, change_machine, replace_standby
from entrypoint.planning.desired import Desired
from entrypoint.planning.made import find_made, made_by_place
from entrypoint.planning.model.gates import gate_for, gone_gate, lease_span
from entrypoint.planning.model.mounts import standbys_of, with_volume
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import Cordon, Create, Destroy, Discard, HealthGate, Route, Start, Update
from entrypoint.planning.observed import Seen
from entrypoint.planning.replacement import Replacement, expand
from entrypoint.planning.review.record import Destroyed
from entrypoint.planning.rewrite import Rewrites
from entrypoint.planning.settings import Settings
from entrypoint.planning.successors import IDLE, successors
from entrypoint.planning.targets import Target, target_live_group, target_new_group


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What happens to the machines of one group. Each live machine is in exactly one of `changes`, `destroys` and `kept`.

    Without slots, because `after` is cached.
    """

    group: GroupName
    is_new: bool
    is_gone: bool
    creates: tuple[Create, ...]
    changes: tuple[Update | Start, ...]
    destroys: tuple[Destroy, ...]
    kept: tuple[Kept, ...]
    replacements: tuple[Replacement, ...]
    """Changes that an update cannot make. Their steps are in `creates` and `destroys`."""
    findings: tuple[Finding, ...]
    """An error in here blocks the plan."""
    gate: HealthGate | None
    routing: tuple[Route | Cordon | Discard, ...] = ()
    """Steps that a strategy adds (planning/strategy/shape.py)."""

    @cached_property
    def after(self) -> tuple[After, ...]:
        """Every machine that the group has after the deploy."""
        return machines_after(kept=self.kept, changes=self.changes, creates=self.creates)


def reconcile_group(
    desired: Desired,
    *,
    settings: Settings,
    members: tuple[Seen, ...],
    region: Region,
    vanished: tuple[Destroyed, ...] = (),
    left_behind: AbstractSet[MachineId] = frozenset(),
) -> Reconciled:
    """Reconcile a group that fly.toml names. `members`: all its live machines. `region`: where new ones are created.

    `vanished`: machines of the group that the resumed plan has destroyed. `left_behind`: machines whose hosts do not answer and that are
    not replaced.
    """
    file_config = desired.new_config
    if isinstance(file_config, tuple):
        return _unconverted(desired, members, file_config)
    base = tuple(seen for seen in members if not seen.is_new)
    heirs = successors(base, vanished)
    heir_ids = {heir.machine.id for heir in heirs.values()}
    own = tuple(seen for seen in base if seen.machine.id not in heir_ids)
    target = _target(desired, settings, file_config, own, region=region, vanished=vanished)
    surplus = {item.seen.machine.id for item in target.surplus}
    timeout = settings.wait_timeout
    new_config = _new_config(desired, file_config, base)
    findings: dict[Finding, None] = {}
    changes: list[Update | Start] = []
    replacements: list[Replacement] = []
    kept: list[Kept] = []
    staying = [seen for seen in base if seen.machine.id not in surplus]
    idle: list[Seen] = []
    for seen, change in _changes(desired, settings, staying, new_config=new_config, left=left_behind):
        if isinstance(change, tuple):
            findings |= dict.fromkeys(change)
            kept.append(_not_converted(seen))
        elif isinstance(change, Kept):
            kept.append(change)
        elif isinstance(change, Replacement):
            replacements.append(change)
        else:
            changes.append(change)
        heir = heirs.get(seen.machine.id)
        if heir is not None and not isinstance(change, Replacement):
            idle.append(heir)
    idle += [heirs[machine] for machine in surplus & heirs.keys()]
    idle_ids = {seen.machine.id for seen in idle}
    changes = [change for change in changes if change.machine.id not in idle_ids]
    kept = [k for k in kept if k.machine.id not in idle_ids]
    replacements = [r for r in replacements if r.id not in idle_ids]
    replacements += [_again(gone, desired, new_config, timeout=timeout) for gone in vanished if gone.replaced]
    by_place = made_by_place(members)
    creates = tuple(_creates(desired, new_config, target, by_place, timeout=timeout))
    made, gone = expand(
        replacements, creates, made=partial(_made, by_place, desired=desired), succeeded=frozenset(heirs)
    )
    return Reconciled(
        group=desired.group,
        is_new=not base and not any(destroyed.replaced for destroyed in vanished),
        is_gone=False,
        creates=(*creates, *made),
        changes=tuple(changes),
        destroys=(
            *(destroy(item.seen, reason=item.reason) for item in target.surplus),
            *(destroy(seen, reason=IDLE) for seen in idle),
            *gone,
        ),
        kept=tuple(kept),
        replacements=tuple(replacements),
        findings=tuple(findings),
        gate=gate_for(file_config, launch=True, timeout=timeout),
    )


def _changes(
    desired: Desired,
    settings: Settings,
    members: Sequence[Seen],
    *,
    new_config: Mapping[str, Json],
    left: AbstractSet[MachineId],
) -> Iterator[tuple[Seen, Change | tuple[Finding, ...]]]:
    """What happens to each machine. A standby whose primary is replaced is replaced too, because its primary cannot be changed."""
    rewrites = Rewrites(desired, timeout=settings.wait_timeout)
    decided = [
        (
            seen,
            change_machine(
                seen,
                desired,
                rewrites,
                starts=settings.group(desired.group).start,
                timeout=settings.wait_timeout,
                new_config=new_config,
                replaces_silent=settings.allow_destroy is AllowDestroy.ALL and seen.machine.id not in left,
            ),
        )
        for seen in members
    ]
    replaced = {change.id for _, change in decided if isinstance(change, Replacement)}
    for seen, change in decided:
        if isinstance(change, Update | Start | Kept) and set(standbys_of(seen.machine.config)) & replaced:
            yield seen, replace_standby(seen, desired, timeout=settings.wait_timeout)
        else:
            yield seen, change


def _again(gone: Destroyed, desired: Desired, config: Mapping[str, Json], *, timeout: float) -> Replacement:
    """The replacement of a machine that an interrupted run of this plan has destroyed."""
    return Replacement(
        group=gone.group,
        id=gone.id,
        region=gone.region,
        machine=None,
        before="",
        reason="its old machine is gone already",
        volumes=tuple(VolumeId(volume) for volume in gone.volumes),
        config=config,
        after=desired.owned_fingerprint,
        gate=gate_for(config, launch=True, timeout=timeout),
    )


def destroy(seen: Seen, *, reason: str) -> Destroy:
    """The step that destroys a machine. Its volumes are kept."""
    return Destroy(
        group=seen.group,
        region=seen.machine.region,
        id=seen.machine.id,
        machine=seen.machine,
        before=seen.before,
        volumes=seen.volumes,
        reason=reason,
        gate=gone_gate(),
        lease=lease_span(seen.machine),
    )


def _unconverted(desired: Desired, members: tuple[Seen, ...], findings: tuple[Finding, ...]) -> Reconciled:
    return Reconciled(
        group=desired.group,
        is_new=not members,
        is_gone=False,
        creates=(),
        changes=(),
        destroys=(),
        kept=tuple(_not_converted(seen) for seen in members),
        replacements=(),
        findings=findings,
        gate=None,
    )


def _not_converted(seen: Seen) -> Kept:
    return Kept(group=seen.group, machine=seen.machine, reason="fly.toml cannot be converted")


def _target(
    desired: Desired,
    settings: Settings,
    file_config: Mapping[str, Json],
    base: tuple[Seen, ...],
    *,
    region: Region,
    vanished: tuple[Destroyed, ...],
) -> Target:
    group, policy = desired.group, settings.group(desired.group)
    count = settings.count(group)
    replaced = [gone.region for gone in vanished if gone.replaced]
    if base or replaced:
        return target_live_group(
            group=group,
            base=base,
            count=count,
            region=region,
            has_services=bool(file_config.get("services")),
            vanished=frozenset(gone.id for gone in vanished if not gone.replaced),
            replaced=replaced,
        )
    if count is None and policy.when_empty != "create":
        return Target(places=(), surplus=())
    return target_new_group(
        group=group,
        count=count,
        region=region,
        has_mount=bool(file_config.get("mounts")),
        has_services=bool(file_config.get("services")),
        is_singleton=policy.singleton,
    )


def _new_config(
    desired: Desired, file_config: Mapping[str, Json], base: tuple[Seen, ...]
) -> Mapping[str, Json]:
    """The config of a new machine: fly.toml merged into a copy of the group's first machine that is not a standby and whose host
    answers; else fly.toml alone.
    """
    known = (seen for seen in base if seen.machine.host_status is HostStatus.OK and not seen.is_standby)
    sibling = next(known, None)
    made = desired.cloned_config(sibling.machine) if sibling is not None else file_config
    return file_config if isinstance(made, tuple) else made


def _creates(
    desired: Desired,
    config: Mapping[str, Json],
    target: Target,
    by_place: Mapping[str, Seen],
    *,
    timeout: float,
) -> Iterator[Create]:
    """The new machines. planning/volumes.py assigns their volumes later, except to those that an interrupted run has created."""
    for place in target.places:
        done, volume = _made(by_place, place.slot, config, desired=desired) or (None, None)
        launch = place.standby_for is None
        yield Create(
            group=desired.group,
            region=place.slot.region,
            slot=place.slot,
            config=with_volume(config, volume) if volume else config,
            after=desired.owned_fingerprint,
            standby_for=place.standby_for,
            volume=volume,
            reason=place.reason,
            gate=gate_for(config, launch=launch, timeout=timeout),
            done=done,
        )


def _made(
    by_place: Mapping[str, Seen], slot: Slot, config: Mapping[str, Json], *, desired: Desired
) -> tuple[MachineId, VolumeId | None] | None:
    """The machine that an interrupted run of this plan has created for a place, and its volume."""
    seen = find_made(slot, by_place, config=config, desired=desired)
    return None if seen is None else (seen.machine.id, seen.volumes[0] if seen.volumes else None)
