"""make_plan, the function that makes a plan. No input or output; the same arguments always give the same plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial

from entrypoint.fleet.images import common_images, live_reference, pinned
from entrypoint.fleet.model import Fleet
from entrypoint.kernel.ids import Digest, MachineId, Region
from entrypoint.kernel.secrets import Secret
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.model import Policy
from entrypoint.planning.addresses import plan_addresses
from entrypoint.planning.blockers import find_blockers
from entrypoint.planning.consequences.find import find_consequences
from entrypoint.planning.consequences.prepared import Prepared
from entrypoint.planning.cost import cost_of
from entrypoint.planning.desired import Desired
from entrypoint.planning.digests import compute_digests
from entrypoint.planning.extras import sort_out
from entrypoint.planning.forecast import forecast
from entrypoint.planning.gone import vanished_of, with_gone, with_left_over
from entrypoint.planning.growth import find_too_large, plan_first_growths, plan_growths, plan_snapshots
from entrypoint.planning.intent import describe_intent, settings_of
from entrypoint.planning.ledger import volume_ledger
from entrypoint.planning.machine_checks import with_machine_tests
from entrypoint.planning.model.image import Image
from entrypoint.planning.model.plan import ABSENT, Count, Plan
from entrypoint.planning.model.steps import is_done
from entrypoint.planning.observed import Alike, Resuming, Seen, attached_volumes, see_machine, see_machines
from entrypoint.planning.prices import PRICES
from entrypoint.planning.reconcile import Reconciled, reconcile_group
from entrypoint.planning.release import plan_release
from entrypoint.planning.review.record import Destroyed, Record
from entrypoint.planning.selection import divide, note_left_out, select
from entrypoint.planning.settings import Overrides, Settings, resolve_settings
from entrypoint.planning.strategy.arrange import GroupSteps
from entrypoint.planning.strategy.shape import shape_group
from entrypoint.planning.summary import summarise_groups
from entrypoint.planning.volumes import assign_volumes
from entrypoint.planning.waves import choose_lock, order_steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """A plan that an interrupted run may have executed in part. Machines with its digest in their marks count as done steps.

    `base` and `destroys` come from the plan's record, and are needed for machines that it has destroyed. Empty without a record.
    """

    plan: Digest
    base: Mapping[str, str]
    destroys: tuple[Destroyed, ...]


def resume_record(record: Record) -> Resume:
    """Look for the partial result of a reviewed plan."""
    return Resume(plan=record.digests.plan, base=record.base, destroys=record.destroys)


def resume_digest(plan: Digest) -> Resume:
    """Look for the partial result of a plan if only its digest is known."""
    return Resume(plan=plan, base={}, destroys=())


def make_plan(
    manifest: Manifest,
    *,
    policy: Policy,
    overrides: Overrides,
    fleet: Fleet,
    image: Image,
    resume: Resume | None = None,
    unproven: AbstractSet[MachineId] = frozenset(),
    left_behind: AbstractSet[MachineId] = frozenset(),
    secret: Secret | None = None,
) -> Plan:
    """The steps that turn `fleet` into what the files ask for.

    `unproven`: machines that our runs created since the last green deploy (review/rules.py:made_since_done). To destroy one of them needs
    no consent, unless it has a volume. `left_behind`: machines whose hosts do not answer and that are not replaced, even with
    `allow-destroy: all`. `secret`: the input `record-key`, the key of every published hash of a config.
    """
    settings = resolve_settings(manifest, policy=policy, overrides=overrides)
    seen = see_machines(
        fleet,
        default_group=manifest.default_group,
        resuming=_resuming(resume, manifest, settings),
        secret=secret,
    )
    sorted_out = sort_out(seen)
    base = [s for s in sorted_out.members if not s.is_new]
    images = common_images(s.machine for s in base)
    fallback = _fallback(base, images)
    region = _new_region(manifest, base)
    vanished = vanished_of(resume.destroys if resume else (), {s.machine.id for s in seen})
    desired = [
        Desired(manifest=manifest, group=name, image=image, fallback_image=fallback, compat=settings.compat)
        for name in manifest.groups
    ]

    reconcile = partial(
        _reconcile, desired, settings=settings, region=region, vanished=vanished, left_behind=left_behind
    )
    groups = reconcile(sorted_out.members)
    unfinished = _changed_since(groups, seen)
    if unfinished:
        seen = _not_resumed(seen, unfinished, manifest=manifest, fleet=fleet, secret=secret)
        sorted_out = sort_out(seen)
        groups = reconcile(sorted_out.members)
    members = sorted_out.members
    left = {volume for gone in vanished for volume in gone.volumes}
    whole, chosen = groups, select(groups, settings.selection)
    groups = assign_volumes(chosen.groups, manifest=manifest, settings=settings, fleet=fleet, left=left)
    groups = with_left_over(with_gone(groups, members, vanished=vanished), sorted_out.left_over)
    all_chosen = select(groups, settings.selection)
    groups = with_machine_tests(all_chosen.groups, manifest=manifest, settings=settings)
    ordered = [_steps_of(group, members, settings) for group in groups]
    stages = order_steps(
        ordered,
        strategy=settings.strategy,
        order=settings.policy.order,
        asks=settings.policy.verify is not None,
    )
    release = plan_release(manifest, settings, base, region=region, image=image.ref or fallback)
    fingerprints = {s.machine.id: s.before for s in members if not s.is_new} | _vanished(vanished, resume)
    intent = describe_intent(
        app=fleet.app.name, manifest=manifest, settings=settings, image=image, desired=desired
    )
    digests, traits = compute_digests(
        intent=intent,
        base=fingerprints,
        stages=stages,
        secret=secret,
    )
    blockers = find_blockers(
        manifest=manifest,
        settings=settings,
        image=image,
        fallback_image=fallback,
        groups=groups,
        unproven=unproven,
    )
    within, outside = divide(seen, settings.selection)
    snapshots = plan_snapshots(seen=within, fleet=fleet, settings=settings)
    growths = (
        *plan_growths(groups, seen=within, fleet=fleet, settings=settings),
        *plan_first_growths(groups, fleet=fleet, settings=settings),
    )
    left_growths = plan_growths(groups, seen=outside, fleet=fleet, settings=settings)
    leaves_out = chosen.leaves_out or all_chosen.leaves_out or bool(left_growths)
    addresses = plan_addresses(groups, whole=whole, fleet=fleet, seen=seen, mode=settings.policy.addresses)
    volumes = volume_ledger(groups, fleet=fleet, seen=seen)
    expected = forecast(stages, seen=seen, verify=settings.policy.verify)
    findings = find_consequences(
        manifest=manifest,
        settings=settings,
        fleet=fleet,
        seen=members,
        groups=groups,
        stages=stages,
        volumes=volumes,
        image=image,
        live_images=images,
        prepared=Prepared(snapshots=snapshots, growths=growths, addresses=addresses),
        expected=expected,
        secret=secret,
    )
    return Plan(
        app=fleet.app.name,
        image=image,
        live_images=images,
        strategy=settings.strategy,
        on_failure=settings.on_failure,
        release=release,
        lock=choose_lock(stages, release, grows=bool(growths)),
        stages=stages,
        groups=summarise_groups(groups, seen=members, ordered=ordered),
        digests=digests,
        traits=traits,
        base=fingerprints,
        findings=(*findings, *note_left_out(leaves_out=leaves_out)),
        blockers=tuple(
            dict.fromkeys((*blockers, *find_too_large(groups, seen=within, fleet=fleet, settings=settings)))
        ),
        resumes=any(
            is_done(step) for group in ordered for step in (*group.creates, *group.changes, *group.destroys)
        ),
        definition=manifest.definition,
        counts=_counts(groups, settings),
        verify=settings.policy.verify,
        leaves_out=leaves_out,
        allow_destroy=settings.allow_destroy,
        settings=settings_of(intent),
        note=settings.policy.note,
        volumes=volumes,
        cost=cost_of(groups, seen=seen, fleet=fleet, growths=growths, addresses=addresses, prices=PRICES),
        snapshots=snapshots,
        growths=growths,
        addresses=addresses,
        forecast=expected,
    )


def _resuming(resume: Resume | None, manifest: Manifest, settings: Settings) -> Resuming | None:
    if resume is None:
        return None
    starting = frozenset(name for name in manifest.groups if settings.group(name).start)
    return Resuming(plan=resume.plan, base=resume.base, starting=starting)


def _reconcile(
    desired: Sequence[Desired],
    members: Sequence[Seen],
    *,
    settings: Settings,
    region: Region,
    vanished: Sequence[Destroyed],
    left_behind: AbstractSet[MachineId],
) -> list[Reconciled]:
    """What becomes of every machine, group by group."""
    groups = []
    for wanted in desired:
        own = tuple(s for s in members if s.group == wanted.group)
        group = reconcile_group(
            wanted,
            settings=settings,
            members=own,
            region=region,
            vanished=tuple(d for d in vanished if d.group == wanted.group),
            left_behind=left_behind,
        )
        groups.append(shape_group(group, desired=wanted, members=own, settings=settings, region=region))
    return groups


def _changed_since(groups: Sequence[Reconciled], seen: Sequence[Seen]) -> frozenset[str]:
    """Machines marked as written by the resumed plan, but not in the state that it would have left them in."""
    done = {step.machine.id for group in groups for step in group.changes if is_done(step)}
    made = {step.done for group in groups for step in group.creates if step.done is not None}
    return frozenset(s.machine.id for s in seen if s.claimed and s.machine.id not in done | made)


def _not_resumed(
    seen: Sequence[Seen],
    unfinished: AbstractSet[str],
    *,
    manifest: Manifest,
    fleet: Fleet,
    secret: Secret | None,
) -> tuple[Seen, ...]:
    """The machines again, the unfinished ones as if no plan were resumed."""
    see = partial(
        see_machine,
        attached=attached_volumes(fleet),
        default_group=manifest.default_group,
        resuming=None,
        alike=Alike(secret=secret),
    )
    return tuple(see(s.machine) if s.machine.id in unfinished else s for s in seen)


def _vanished(vanished: Sequence[Destroyed], resume: Resume | None) -> dict[str, str]:
    """The base fingerprints of machines that the resumed plan has destroyed."""
    gone = {d.id for d in vanished}
    return {machine: before for machine, before in (resume.base if resume else {}).items() if machine in gone}


def _steps_of(group: Reconciled, seen: Sequence[Seen], settings: Settings) -> GroupSteps:
    """The group's steps, and how many run side by side. That must not depend on how many machines are destroyed already."""
    goes = {step.id for step in group.destroys if not step.replaced and step.swap is None}
    warm = frozenset(
        s.machine.id for s in seen if s.group == group.group and s.is_warm and s.machine.id not in goes
    )
    return GroupSteps(
        group=group.group,
        is_new=group.is_new,
        creates=group.creates,
        changes=group.changes,
        destroys=group.destroys,
        destroys_first=settings.group(group.group).singleton,
        routing=group.routing,
        warm=warm,
        width=settings.width(group.group, running=len(warm)),
    )


def _counts(groups: Sequence[Reconciled], settings: Settings) -> dict[str, Count]:
    """The counts that were asked for. A review of one count does not cover another."""
    return {
        str(group.group): ABSENT if group.is_gone else _declared(settings.count(group.group))
        for group in groups
    }


def _declared(count: int | Mapping[Region, int] | None) -> Count:
    return {str(region): number for region, number in count.items()} if isinstance(count, Mapping) else count


def _fallback(base: Sequence[Seen], images: Sequence[str]) -> str:
    """The image that most machines run, with its digest; empty if there are no machines."""
    common = next(iter(images), "")
    return next((pinned(s.machine) for s in base if live_reference(s.machine) == common), "")


def _new_region(manifest: Manifest, base: Sequence[Seen]) -> Region:
    """The region of new machines: the primary region, else the one with most machines; empty: Fly chooses."""
    if manifest.primary_region:
        return manifest.primary_region
    regions = [s.machine.region for s in base]
    return min(set(regions), key=lambda r: (-regions.count(r), r)) if regions else Region("")
