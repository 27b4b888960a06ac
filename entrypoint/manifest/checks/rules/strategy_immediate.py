"""What immediate means (docs/rules/strategy-immediate.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest

ID = "strategy-immediate"
SUMMARY = "Strategy immediate stops all machines at once and waits for no check."


def check(manifest: Manifest) -> Iterator[Finding]:
    """It is believed to start new machines first. It does not."""
    if manifest.deploy.strategy is Strategy.IMMEDIATE and any(
        service.groups for service in services(manifest)
    ):
        yield finding_at(
            manifest,
            ("deploy", "strategy"),
            rule=ID,
            severity=Severity.NOTICE,
            message="immediate replaces all machines at once, in place, and waits for no check",
            hint='Every deploy is a short outage. strategy = "rolling" keeps some running.',
        )
