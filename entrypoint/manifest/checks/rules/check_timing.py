"""Checks whose times do not fit each other (docs/rules/check-timing.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.durations import format_duration
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, service_checks, services, top_checks
from entrypoint.manifest.model import Manifest

ID = "check-timing"
SUMMARY = "A check's timeout is longer than its interval."


def check(manifest: Manifest) -> Iterator[Finding]:
    """The next check is due while the last one still waits, so a dead app is noticed later than the interval says."""
    checks = [found for service in services(manifest) for found in service_checks(service)]
    checks += [(section.path, section.values) for section in top_checks(manifest)]
    for path, values in checks:
        interval, timeout = values.get("interval"), values.get("timeout")
        if isinstance(interval, int) and isinstance(timeout, int) and timeout > interval >= 10**9:
            yield finding_at(
                manifest,
                (*path, "timeout"),
                rule=ID,
                severity=Severity.WARNING,
                message=f"timeout {format_duration(timeout)} is longer than interval {format_duration(interval)}",
                hint="Make the timeout shorter than the interval.",
            )
