"""One group: every live machine is kept, updated, started, replaced or destroyed; missing ones are created."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from entrypoint.fleet.images import runs_image
from entrypoint.fleet.normalise import is_same_config, normal_config
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.json import Json
from entrypoint.planning.changes import change_machine
from entrypoint.planning.desired import Desired, with_volume
from entrypoint.planning.model.gates import gate_for, gone_gate, lease_span
from entrypoint.planning.model.plan import Kept
from entrypoint.planning.model.steps import Create, Destroy, HealthGate, Start, Update
from entrypoint.planning.observed import Seen
from entrypoint.planning.replacement import Replacement, expand
from entrypoint.planning.settings import Settings
from entrypoint.planning.targets import Target, target_live_group, target_new_group


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """One group's machines, each in exactly one place."""

    group: GroupName
    is_new: bool
    is_gone: bool
    creates: tuple[Create, ...]
    changes: tuple[Update | Start, ...]
    destroys: tuple[Destroy, ...]
    kept: tuple[Kept, ...]
    replacements: tuple[Replacement, ...]
    """What cannot be done in place. Their steps are among `creates` and `destroys`."""
    findings: tuple[Finding, ...]
    """Errors here block the plan."""
    gate: HealthGate | None


def reconcile_group(
    desired: Desired,
    *,
    settings: Settings,
    members: tuple[Seen, ...],
    region: Region,
    vanished: frozenset[str] = frozenset(),
) -> Reconciled:
    """A group that fly.toml names. `members` are all its live machines; new ones go to `region`.

    `vanished` are machines that the plan being resumed has destroyed.
    """
    fresh = desired.new_config
    if isinstance(fresh, tuple):
        return _unconverted(desired, members, fresh)
    base = tuple(seen for seen in members if not seen.is_new)
    target = _target(desired, settings, fresh, base, region=region, vanished=vanished)
    surplus = {seen.machine.id for seen in target.surplus}
    timeout, starts = settings.wait_timeout, settings.group(desired.group).start
    findings: dict[Finding, None] = {}
    changes: list[Update | Start] = []
    replacements: list[Replacement] = []
    kept: list[Kept] = []
    for seen in base:
        if seen.machine.id in surplus:
            continue
        change = change_machine(seen, desired, starts=starts, timeout=timeout)
        if isinstance(change, tuple):
            findings |= dict.fromkeys(change)
            kept.append(_not_converted(seen))
        elif isinstance(change, Kept):
            kept.append(change)
        elif isinstance(change, Replacement):
            replacements.append(change)
        else:
            changes.append(change)
    creates = tuple(_creates(desired, _new_config(desired, fresh, base), target, members, timeout=timeout))
    made, gone = expand(replacements, creates)
    return Reconciled(
        group=desired.group,
        is_new=not base,
        is_gone=False,
        creates=(*creates, *made),
        changes=tuple(changes),
        destroys=(*(destroy(seen, reason="more than the declared count") for seen in target.surplus), *gone),
        kept=tuple(kept),
        replacements=tuple(replacements),
        findings=tuple(findings),
        gate=gate_for(fresh, launch=True, timeout=timeout),
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
    fresh: Mapping[str, Json],
    base: tuple[Seen, ...],
    *,
    region: Region,
    vanished: frozenset[str],
) -> Target:
    group, policy = desired.group, settings.group(desired.group)
    count = settings.count(group)
    if base:
        return target_live_group(
            group=group,
            base=base,
            count=count,
            region=region,
            has_services=bool(fresh.get("services")),
            vanished=vanished,
        )
    if count is None and policy.when_empty != "create":
        return Target(places=(), surplus=())
    return target_new_group(
        group=group,
        count=count,
        region=region,
        has_mount=bool(fresh.get("mounts")),
        has_services=bool(fresh.get("services")),
        is_singleton=policy.singleton,
    )


def _new_config(desired: Desired, fresh: Mapping[str, Json], base: tuple[Seen, ...]) -> Mapping[str, Json]:
    """That of a new machine: a clone of the first that is no standby, if the group has one, under fly.toml."""
    sibling = next((seen for seen in base if not seen.is_standby), None)
    made = desired.cloned_config(sibling.machine) if sibling is not None else fresh
    return fresh if isinstance(made, tuple) else made


def _creates(
    desired: Desired, fresh: Mapping[str, Json], target: Target, members: tuple[Seen, ...], *, timeout: float
) -> Iterator[Create]:
    """Without volumes: planning/volumes.py hands those out over all groups. What an interrupted run made has its own."""
    made = {seen.marks.slot: seen for seen in members if seen.is_new and seen.marks is not None}
    for place in target.places:
        existing = made.get(str(place.slot))
        if existing is not None and not _is_as_made(existing, fresh, desired):
            existing = (
                None  # somebody has changed it since: then it is one of the fleet, and this another plan
            )
        volume = existing.volumes[0] if existing and existing.volumes else None
        launch = place.standby_for is None
        yield Create(
            group=desired.group,
            region=existing.machine.region if existing and volume else place.slot.region,
            slot=place.slot,
            config=with_volume(fresh, volume) if volume else fresh,
            after=desired.owned_fingerprint,
            standby_for=place.standby_for,
            volume=volume,
            reason=place.reason,
            gate=gate_for(fresh, launch=launch, timeout=timeout),
            done=existing.machine.id if existing else None,
        )


def _is_as_made(seen: Seen, config: Mapping[str, Json], desired: Desired) -> bool:
    """Whether a machine is as the interrupted run has created it; whom it stands by for was known only then."""
    live, wanted = normal_config(seen.machine.config), normal_config(config)
    if live.get("standbys"):
        stands_for = {k: v for k, v in _env(live).items() if k == "FLY_STANDBY_FOR"}
        wanted |= {"standbys": live["standbys"], "env": {**_env(wanted), **stands_for}}
    wanted |= {"mounts": live["mounts"]} if wanted.get("mounts") and live.get("mounts") else {}
    return runs_image(seen.machine, desired.image.ref) and is_same_config(live, wanted)


def _env(config: Mapping[str, Json]) -> Mapping[str, Json]:
    env = config.get("env")
    return env if isinstance(env, Mapping) else {}
