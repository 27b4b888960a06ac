"""Why a plan cannot be executed: what this version does not support, and what needs consent. One finding for each reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import assert_never

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.run import AllowDestroy
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.convert.files import missing_files
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import group_hint
from entrypoint.planning.model.image import Image, ImageSource
from entrypoint.planning.model.steps import Create, Destroy, Update
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.selection import find_unknown
from entrypoint.planning.settings import Settings


def find_blockers(
    *,
    manifest: Manifest,
    settings: Settings,
    image: Image,
    fallback_image: str,
    groups: Sequence[Reconciled],
    unproven: AbstractSet[MachineId],
) -> Iterator[Finding]:
    """All reasons. Machines in `unproven` may be destroyed without consent, unless they have a volume."""
    yield from _settings(manifest, settings)
    yield from _scale(manifest, settings)
    yield from _statics(manifest)
    yield from _files(manifest)
    yield from _image(image, fallback_image, groups)
    yield from find_unknown(settings.selection, manifest=manifest, regions=_regions(settings, groups))
    for group in groups:
        if not settings.selection.has_group(group.group):
            continue
        yield from (finding for finding in group.findings if finding.severity is Severity.ERROR)
        yield from _replacements(group, settings.allow_destroy)
        yield from _configs(manifest, group)
        yield from _group_policy(settings, group)
        yield from _bluegreen(settings, group)
    yield from _destroys(groups, settings.allow_destroy, unproven)


def _regions(settings: Settings, groups: Sequence[Reconciled]) -> Iterator[Region]:
    """The regions where the app has machines, or will get some."""
    for group in groups:
        yield from (kept.machine.region for kept in group.kept)
        yield from (step.region for step in (*group.creates, *group.changes, *group.destroys))
        count = settings.count(group.group)
        yield from count if isinstance(count, Mapping) else ()


def _settings(manifest: Manifest, settings: Settings) -> Iterator[Finding]:
    if not settings.wait_timeout > 0:
        yield _block(
            "wait-timeout-not-supported",
            f"A wait timeout of {settings.wait_timeout:g} s leaves machines no time to come up",
            hint='Set wait-timeout (or [deploy].wait_timeout) to a duration such as "5m".',
        )
    for name in manifest.groups:
        value = settings.max_unavailable(name)
        if not 0 < value < float("inf"):
            yield _block(
                "max-unavailable-not-supported",
                f"max_unavailable = {value:g} of {ticked(name)} is not a usable number",
                hint="Write a number above 0: 1 or more is a count of machines, below 1 a share of the group.",
            )


def _scale(manifest: Manifest, settings: Settings) -> Iterator[Finding]:
    """A count for a group that does not exist. Groups in flightplan.toml are checked when it is read."""
    for name in sorted(set(settings.overrides.scale) - set(manifest.groups)):
        yield _block(
            "scale-group",
            f"Input scale names group {ticked(name)}, which fly.toml does not have",
            hint=group_hint(name, manifest.groups),
        )


def _statics(manifest: Manifest) -> Iterator[Finding]:
    """flyctl uploads such files to a bucket that it creates (flyctl internal/command/deploy/statics)."""
    for static in manifest.tables("statics"):
        path = static.get("guest_path")
        if isinstance(path, str) and not path.startswith("/") and not static.get("tigris_bucket"):
            yield _block(
                "statics-upload-not-supported",
                f"[[statics]] with the relative guest_path {ticked(path)} asks for an upload to Tigris; "
                "this version cannot do that",
                hint="Serve them from the image (an absolute guest_path), or deploy with fly deploy.",
            )


def _files(manifest: Manifest) -> Iterator[Finding]:
    """If one file is missing, machines get no files at all. The rule files-entry says so too, but can be turned off."""
    for _, path in missing_files(manifest):
        yield _block(
            "file-missing",
            f"[[files]] names {ticked(path)}, which does not exist here",
            hint="Check it out, or make it, before this step; local_path counts from the workspace.",
        )


def _image(image: Image, fallback_image: str, groups: Sequence[Reconciled]) -> Iterator[Finding]:
    if image.source is not ImageSource.LIVE or fallback_image:
        return
    if any(group.creates for group in groups):
        yield _block(
            "image-needed",
            "New machines need an image. None is given, and no machine runs one",
            hint="Give the input `image`, best as repo:tag@sha256:….",
        )


def _replacements(group: Reconciled, allowed: AllowDestroy) -> Iterator[Finding]:
    """A replacement needs `allow-destroy: all` (docs/inputs.md). One that an interrupted run has begun had that consent."""
    ahead = [item for item in group.replacements if item.machine is not None]
    if not ahead or allowed is AllowDestroy.ALL:
        return
    reasons = "; ".join(dict.fromkeys(item.reason for item in ahead))
    volumes = sorted({volume for item in ahead for volume in item.volumes})
    left = f", and leave volume {', '.join(ticked(v) for v in volumes)} unattached" if volumes else ""
    ids = ", ".join(ticked(item.id) for item in ahead)
    yield _block(
        "would-replace",
        f"would replace {ids} of {ticked(group.group)}{left}: {reasons}",
        hint="Set `allow-destroy: all` to allow it.",
    )


def _configs(manifest: Manifest, group: Reconciled) -> Iterator[Finding]:
    steps = [step for step in (*group.creates, *group.changes) if isinstance(step, Create | Update)]
    if any(step.config.get("containers") for step in steps):
        yield _block(
            "containers-not-supported",
            f"Machines of {ticked(group.group)} have containers; this version deploys one image for each machine",
            hint="Deploy with fly deploy.",
        )
    mounts = [m for m in manifest.tables("mounts") if manifest.matches(group.group, m.get("processes"))]
    if len(mounts) > 1:
        yield _block(
            "several-mounts-not-supported",
            f"{ticked(group.group)} has {len(mounts)} mounts; a machine takes one volume",
            hint="Leave one [[mounts]] section for each group.",
        )


def _bluegreen(settings: Settings, group: Reconciled) -> Iterator[Finding]:
    """A volume can be on one machine only, so the green machine would have none."""
    updates = [step for step in group.changes if isinstance(step, Update) and step.config.get("mounts")]
    if settings.strategy is Strategy.BLUEGREEN and updates and not settings.group(group.group).singleton:
        yield _block(
            "bluegreen-volumes",
            f"Strategy bluegreen cannot swap machines of {ticked(group.group)}: they have volumes, and a volume is on one machine",
            hint="Set strategy: rolling, or move the group to an app of its own.",
        )


def _group_policy(settings: Settings, group: Reconciled) -> Iterator[Finding]:
    name, policy = group.group, settings.group(group.group)
    if policy.singleton and not group.is_gone:
        yield from _singleton(name, group)
    if policy.when_empty == "fail" and group.is_new and not group.is_gone and settings.count(name) != 0:
        yield _block(
            "group-empty",
            f"{ticked(name)} has no machines, and flightplan.toml says when_empty = fail",
            hint="Create its machines first, or set when_empty = create.",
        )


def _singleton(name: GroupName, group: Reconciled) -> Iterator[Finding]:
    """Fly starts a standby as soon as it believes that the other machine's host is lost. Then two may run."""
    standbys = [s.machine.id for s in (*group.changes, *group.kept) if s.machine.config.get("standbys")]
    members = len(group.changes) + len(group.kept) + len(group.creates) - len(standbys)
    if members > 1:
        yield _block(
            "singleton-has-many",
            f"{ticked(name)} is a singleton (flightplan.toml), and would have {members} machines",
            hint=f"Set its count to 1 (scale {ticked(f'{name}=1')}), or remove singleton.",
        )
    if standbys:
        ids = ", ".join(ticked(machine) for machine in standbys)
        yield _block(
            "singleton-has-standby",
            f"{ticked(name)} is a singleton (flightplan.toml), and has a standby that may start: {ids}",
            hint="Destroy the standby (fly machine destroy), or remove singleton.",
        )


def _destroys(
    groups: Sequence[Reconciled], allowed: AllowDestroy, unproven: AbstractSet[MachineId]
) -> Iterator[Finding]:
    """`allow-destroy` (docs/inputs.md): `surplus` covers machines without volumes, `all` covers all."""
    for group in groups:
        ahead = [step for step in group.destroys if not step.done and not step.replaced and step.swap is None]
        steps = [s for s in ahead if not _is_allowed(s, allowed) and (s.volumes or s.id not in unproven)]
        if not steps:
            continue
        needs = "all" if any(step.volumes for step in steps) else "surplus"
        volumes = sorted({volume for step in steps for volume in step.volumes})
        left = f", and leave volume {', '.join(ticked(v) for v in volumes)} unattached" if volumes else ""
        yield _block(
            "would-destroy",
            f"would destroy {len(steps)} machine{'s' if len(steps) > 1 else ''} of {ticked(group.group)}{left}",
            hint=f"Set `allow-destroy: {needs}` to allow it.",
        )


def _is_allowed(step: Destroy, allowed: AllowDestroy) -> bool:
    match allowed:
        case AllowDestroy.NONE:
            return False
        case AllowDestroy.SURPLUS:
            return not step.volumes
        case AllowDestroy.ALL:
            return True
        case _:
            assert_never(allowed)


def _block(rule: str, message: str, *, hint: str) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, hint=hint)
