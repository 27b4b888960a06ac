"""make_plan: the one door into planning. Pure, total, deterministic: same arguments, same plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrypoint.fleet.model import Fleet
from entrypoint.kernel.ids import Digest, GroupName, Region, VolumeId
from entrypoint.kernel.json import JsonObject
from entrypoint.manifest.convert import release_config
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy import Policy
from entrypoint.planning.blockers import find_blockers
from entrypoint.planning.consequences import find_consequences
from entrypoint.planning.desired import Desired, pinned
from entrypoint.planning.digests import compute_digests
from entrypoint.planning.images import common_images, live_reference
from entrypoint.planning.intent import describe_intent
from entrypoint.planning.model import Destroy, Gate, GateKind, Image, Plan, ReleaseRun, is_done
from entrypoint.planning.observed import Seen, see_machine, see_machines
from entrypoint.planning.reconcile import DESTROY_TIMEOUT, GroupInput, Reconciled, destroy, reconcile_group
from entrypoint.planning.record import Destroyed, Record
from entrypoint.planning.settings import Overrides, Settings, resolve_settings
from entrypoint.planning.summary import summarise_groups
from entrypoint.planning.waves import GroupSteps, order_steps

DEFAULT_RELEASE_TIMEOUT = 300.0
"""Seconds; flyctl deploy/machines.go."""
RELEASE_GUEST: JsonObject = {"cpu_kind": "shared", "cpus": 2, "memory_mb": 512}
"""shared-cpu-2x: flyctl machines_releasecommand.go:inferReleaseCommandGuest, where nothing better is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """A plan whose partial result may be live: machines that carry its digest count as its steps, done.

    `base` and `destroys` come from its record, for machines that it destroyed already; empty without a record.
    """

    plan: Digest
    base: Mapping[str, str]
    destroys: tuple[Destroyed, ...]


def resume_record(record: Record) -> Resume:
    """Look for the partial result of a reviewed plan."""
    return Resume(plan=record.digests.plan, base=record.base, destroys=record.destroys)


def resume_digest(plan: Digest) -> Resume:
    """Look for the partial result of a plan of which only the digest is known."""
    return Resume(plan=plan, base={}, destroys=())


def make_plan(
    manifest: Manifest,
    *,
    policy: Policy,
    overrides: Overrides,
    fleet: Fleet,
    image: Image,
    resume: Resume | None = None,
) -> Plan:
    """What has to happen for `fleet` to become what the files ask for."""
    settings = resolve_settings(manifest, policy=policy, overrides=overrides)
    seen = see_machines(fleet, default_group=manifest.default_group, resume=resume.plan if resume else None)
    images = common_images(s.machine for s in seen)
    fallback = next(
        (pinned(s.machine) for s in seen if live_reference(s.machine) == next(iter(images), "")), ""
    )
    region = _new_region(manifest, seen)
    desired = {
        name: Desired(
            manifest=manifest, group=name, image=image, fallback_image=fallback, compat=settings.compat
        )
        for name in manifest.groups
    }
    groups = [
        _reconcile(desired[name], settings=settings, seen=seen, fleet=fleet, region=region)
        for name in manifest.groups
    ]
    unfinished = _changed_since(groups, seen)
    if unfinished and resume is not None:
        seen = tuple(
            see_machine(s.machine, fleet=fleet, default_group=manifest.default_group, resume=None)
            if s.machine.id in unfinished
            else s
            for s in seen
        )
        groups = [
            _reconcile(desired[name], settings=settings, seen=seen, fleet=fleet, region=region)
            for name in manifest.groups
        ]
    groups += _gone_groups(manifest, seen, resume=resume)
    ordered = [_steps_of(group, seen, settings) for group in groups]
    stages = order_steps(ordered, order=settings.policy.order)
    release = _release(manifest, settings, seen, region=region, image=image, fallback=fallback)
    base = {s.machine.id: s.before for s in seen if not s.is_new} | _vanished(groups, resume)
    digests, traits = compute_digests(
        intent=describe_intent(
            manifest=manifest, settings=settings, image=image, release=release, desired=desired
        ),
        base=base,
        stages=stages,
    )
    blockers = find_blockers(
        manifest=manifest, settings=settings, image=image, fallback_image=fallback, groups=groups
    )
    return Plan(
        app=fleet.app.name,
        image=image,
        live_images=images,
        strategy=settings.strategy,
        on_failure=settings.on_failure,
        release=release,
        stages=stages,
        groups=summarise_groups(groups, seen=seen, ordered=ordered),
        digests=digests,
        traits=traits,
        base=base,
        findings=tuple(find_consequences(fleet=fleet, seen=seen, groups=groups, ordered=ordered)),
        blockers=tuple(dict.fromkeys(blockers)),
        resumes=any(
            is_done(step) for group in ordered for step in (*group.creates, *group.changes, *group.destroys)
        ),
        definition=manifest.definition,
    )


def _reconcile(
    desired: Desired, *, settings: Settings, seen: Sequence[Seen], fleet: Fleet, region: Region
) -> Reconciled:
    return reconcile_group(
        GroupInput(
            manifest=desired.manifest,
            settings=settings,
            desired=desired,
            policy=settings.group(desired.group),
            seen=tuple(s for s in seen if s.group == desired.group),
            fleet=fleet,
            region=region,
        )
    )


def _changed_since(groups: Sequence[Reconciled], seen: Sequence[Seen]) -> frozenset[str]:
    """Machines that claim to be a finished part of the plan being resumed, and are not as it would have left them."""
    done = {step.machine.id for group in groups for step in group.changes if is_done(step)}
    made = {step.done for group in groups for step in group.creates if step.done is not None}
    return frozenset(s.machine.id for s in seen if s.claimed and s.machine.id not in done | made)


def _gone_groups(manifest: Manifest, seen: Sequence[Seen], *, resume: Resume | None) -> list[Reconciled]:
    """Groups that live machines belong to and fly.toml does not name, and what a resumed plan destroyed already."""
    live = {s.machine.id for s in seen}
    vanished = [d for d in (resume.destroys if resume else ()) if d.id not in live]
    names = {s.group for s in seen} | {d.group for d in vanished}
    return [
        _gone_group(
            name,
            [s for s in seen if s.group == name],
            [d for d in vanished if d.group == name],
        )
        for name in sorted(names - set(manifest.groups))
    ]


def _gone_group(name: GroupName, members: Sequence[Seen], vanished: Sequence[Destroyed]) -> Reconciled:
    steps = [destroy(s, reason="its group is gone from fly.toml") for s in members]
    steps += [
        Destroy(
            group=name,
            region=d.region,
            id=d.id,
            machine=None,
            before="",
            volumes=tuple(VolumeId(volume) for volume in d.volumes),
            reason="its group is gone from fly.toml",
            gate=Gate(kind=GateKind.GONE, label="gone", timeout=DESTROY_TIMEOUT),
        )
        for d in vanished
    ]
    return Reconciled(
        group=name,
        is_new=False,
        is_gone=True,
        creates=(),
        changes=(),
        destroys=tuple(sorted(steps, key=lambda step: (step.region, step.id))),
        kept=(),
        findings=(),
        gate=None,
    )


def _vanished(groups: Sequence[Reconciled], resume: Resume | None) -> dict[str, str]:
    """Base entries of machines that the plan being resumed has destroyed."""
    gone = {step.id for group in groups for step in group.destroys if step.done}
    return {machine: before for machine, before in (resume.base if resume else {}).items() if machine in gone}


def _steps_of(group: Reconciled, seen: Sequence[Seen], settings: Settings) -> GroupSteps:
    warm = frozenset(s.machine.id for s in seen if s.group == group.group and s.is_warm)
    return GroupSteps(
        group=group.group,
        is_new=group.is_new,
        creates=group.creates,
        changes=group.changes,
        destroys=group.destroys,
        warm=warm,
        width=settings.width(group.group, running=len(warm)),
        all_at_once=settings.strategy == "immediate",
    )


def _new_region(manifest: Manifest, seen: Sequence[Seen]) -> Region:
    """Where new machines go: the primary region, else where most machines are; empty leaves it to Fly."""
    if manifest.primary_region:
        return manifest.primary_region
    regions = [s.machine.region for s in seen]
    return min(set(regions), key=lambda r: (-regions.count(r), r)) if regions else Region("")


def _release(
    manifest: Manifest,
    settings: Settings,
    seen: Sequence[Seen],
    *,
    region: Region,
    image: Image,
    fallback: str,
) -> ReleaseRun | None:
    made = release_config(manifest, compat=settings.compat)
    command = manifest.deploy.release_command
    if made is None or made.config is None or command is None:
        return None
    timeout = manifest.deploy.release_command_timeout
    config = dict(made.config)
    config["image"] = image.ref or fallback
    config.setdefault("guest", _release_guest(manifest, seen))
    return ReleaseRun(
        command=command,
        config=config,
        region=region,
        timeout=DEFAULT_RELEASE_TIMEOUT if timeout is None else (timeout or None),
    )


def _release_guest(manifest: Manifest, seen: Sequence[Seen]) -> JsonObject:
    """The default group's machine with most memory; else flyctl's default."""
    guests = [
        guest
        for s in seen
        if s.group == manifest.default_group and isinstance(guest := s.machine.config.get("guest"), dict)
    ]
    best = max(guests, key=lambda g: m if isinstance(m := g.get("memory_mb"), int) else 0, default=None)
    return dict(best) if best else dict(RELEASE_GUEST)
