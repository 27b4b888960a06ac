"""What immediate means (docs/rules/strategy-immediate.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest

ID = "strategy-immediate"
SUMMARY = "Strategy immediate updates all machines at once: until they are up again, the app does not answer."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Many people expect that it starts new machines first. It does not."""
    if manifest.deploy.strategy is Strategy.IMMEDIATE and any(
        service.groups for service in services(manifest)
    ):
        yield finding_at(
            manifest,
            ("deploy", "strategy"),
            rule=ID,
            severity=Severity.NOTICE,
            message="immediate updates all machines at once, in place: until they are up again, the app does not answer",
            hint='Every deploy is a short outage. strategy = "rolling" keeps some running.',
        )
