"""What blue-green deploys cannot do (docs/rules/bluegreen.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.checks.rules.sections import finding_at, scoped, service_checks, services, top_checks
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import some
from entrypoint.manifest.problems import quote

ID = "bluegreen"
SUMMARY = "A blue-green deploy of groups with volumes, or without any check to switch by."


def check(manifest: Manifest) -> Iterator[Finding]:
    """The new machines cannot have the old ones' volumes, and traffic is switched when the new ones pass their checks."""
    if manifest.deploy.strategy is not Strategy.BLUEGREEN:
        return
    for mount in scoped(manifest, "mounts"):
        if mount.groups:
            yield finding_at(
                manifest,
                mount.path,
                rule=ID,
                severity=Severity.ERROR,
                message=f"bluegreen cannot deploy {quote(mount.groups[0])}: it has a volume",
                hint='Use strategy = "rolling".',
            )
    checked = _checked(manifest)
    without = [group for group in manifest.groups if group not in checked]
    if not checked:
        severity, message = Severity.ERROR, "bluegreen needs a check, and no group has one"
    elif without:
        severity, message = (
            Severity.WARNING,
            f"bluegreen swaps the machines of {some(without, most=3)} without any check",
        )
    else:
        return
    yield finding_at(
        manifest,
        ("deploy", "strategy"),
        rule=ID,
        severity=severity,
        message=message,
        hint="Add a check: [[http_service.checks]], [[services.tcp_checks]] or [checks.NAME].",
    )


def _checked(manifest: Manifest) -> set[GroupName]:
    found = {group for section in top_checks(manifest) for group in section.groups}
    for service in services(manifest):
        if any(True for _ in service_checks(service)):
            found |= set(service.groups)
    return found
