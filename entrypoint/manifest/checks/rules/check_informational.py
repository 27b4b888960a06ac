"""Checks that keep no traffic away (docs/rules/check-informational.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.sections import finding_at, service_checks, services, top_checks
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "check-informational"
SUMMARY = "A group with a service has only [checks], and those do not keep requests from a sick machine."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Only a service's own checks affect routing. No check restarts a machine."""
    without: set[GroupName] = set()
    checked: set[GroupName] = set()
    for service in services(manifest):
        has = any(True for _ in service_checks(service))
        (checked if has else without).update(service.groups)
    for section in top_checks(manifest):
        group = next((group for group in section.groups if group in without and group not in checked), None)
        if group is not None:
            yield finding_at(
                manifest,
                section.path,
                rule=ID,
                severity=Severity.NOTICE,
                message=f"this check does not keep requests from a sick machine of {quote(group)}",
                hint="Only a service's own checks do: [[http_service.checks]] or [[services.http_checks]].",
            )
            return
