"""Why a plan cannot be executed: what this version cannot do, and what needs consent. Each is named, none is ignored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.run import AllowDestroy
from entrypoint.manifest.model import Manifest
from entrypoint.planning.model import Destroy, Image, ImageSource, Replace
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings

EXECUTABLE_STRATEGIES = ("rolling", "immediate")


def find_blockers(
    *,
    manifest: Manifest,
    settings: Settings,
    image: Image,
    fallback_image: str,
    groups: Sequence[Reconciled],
) -> Iterator[Finding]:
    """All of them."""
    yield from _strategy(settings)
    yield from _image(image, fallback_image, groups)
    for group in groups:
        yield from (finding for finding in group.findings if finding.severity is Severity.ERROR)
        yield from _replacements(group)
        yield from _unsupported(manifest, settings, group)
    yield from _destroys(groups, settings.allow_destroy)
    if settings.policy.verify_url:
        yield _block(
            "verify-url-not-supported",
            "flightplan.toml asks to verify a URL after the rollout; this version cannot do that.",
            hint="Remove [verify] from flightplan.toml.",
        )


def _strategy(settings: Settings) -> Iterator[Finding]:
    if settings.strategy not in EXECUTABLE_STRATEGIES:
        yield _block(
            "strategy-not-supported",
            f"Strategy {settings.strategy} cannot be executed by this version.",
            hint="Set strategy: rolling.",
        )


def _image(image: Image, fallback_image: str, groups: Sequence[Reconciled]) -> Iterator[Finding]:
    if image.source is not ImageSource.LIVE or fallback_image:
        return
    if any(group.creates for group in groups):
        yield _block(
            "image-needed",
            "New machines need an image, nothing names one, and none is live to take it from.",
            hint="Give the input `image`, best as repo:tag@sha256:….",
        )


def _replacements(group: Reconciled) -> Iterator[Finding]:
    for step in group.changes:
        if isinstance(step, Replace):
            yield _block(
                "replace-not-supported",
                f"Machine `{step.machine.id}` of `{group.group}` would have to be replaced: {step.reason}. "
                "This version updates machines in place only.",
                hint="Do it with fly deploy or fly machine, then plan again.",
            )


def _unsupported(manifest: Manifest, settings: Settings, group: Reconciled) -> Iterator[Finding]:
    name, policy = group.group, settings.group(group.group)
    if name in manifest.machine_check_groups:
        yield _block(
            "machine-checks-not-supported",
            f"`{name}` has machine_checks; this version cannot run them.",
            hint="Remove them from fly.toml, or deploy with fly deploy.",
        )
    members = len(group.changes) + len(group.kept) + len(group.creates)
    if policy.singleton and members > 1:
        yield _block(
            "singleton-has-many",
            f"flightplan.toml says `{name}` is a singleton, and it would have {members} machines.",
            hint=f"Set its count to 1 (scale `{name}=1`), or remove singleton.",
        )
    if policy.when_empty == "fail" and group.is_new and not group.is_gone and not group.creates:
        yield _block(
            "group-empty",
            f"`{name}` has no machines, and flightplan.toml says when_empty = fail.",
            hint="Create its machines first, or set when_empty = create.",
        )


def _destroys(groups: Sequence[Reconciled], allowed: AllowDestroy) -> Iterator[Finding]:
    """product.md, "Destroying": surplus may go without volumes; all may go."""
    for group in groups:
        steps = [step for step in group.destroys if not step.done and not _is_allowed(step, allowed)]
        if not steps:
            continue
        needs = "all" if any(step.volumes for step in steps) else "surplus"
        volumes = sorted({volume for step in steps for volume in step.volumes})
        left = f", and leave volume {', '.join(f'`{v}`' for v in volumes)} unattached" if volumes else ""
        yield _block(
            "would-destroy",
            f"would destroy {len(steps)} machine{'s' if len(steps) > 1 else ''} of `{group.group}`{left}",
            hint=f"Set `allow-destroy: {needs}` to let the merge do this.",
        )


def _is_allowed(step: Destroy, allowed: AllowDestroy) -> bool:
    match allowed:
        case AllowDestroy.NONE:
            return False
        case AllowDestroy.SURPLUS:
            return not step.volumes
        case AllowDestroy.ALL:
            return True


def _block(rule: str, message: str, *, hint: str) -> Finding:
    return Finding(rule=rule, severity=Severity.ERROR, message=message, hint=hint)
