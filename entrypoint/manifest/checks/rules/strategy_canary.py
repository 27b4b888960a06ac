"""What canary means (docs/rules/strategy-canary.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "strategy-canary"
SUMMARY = (
    "Strategy canary creates one extra machine for each group, and destroys it before the others are updated."
)


def check(manifest: Manifest) -> Iterator[Finding]:
    """Many people expect an extra machine during the whole deploy. There is none."""
    if manifest.deploy.strategy is Strategy.CANARY and not manifest.tables("mounts"):
        yield finding_at(
            manifest,
            ("deploy", "strategy"),
            rule=ID,
            severity=Severity.NOTICE,
            message="a canary of each group gets no requests, and is destroyed before the other machines are updated",
            hint="Then it is a rolling deploy: a group of one machine is down while that restarts.",
        )
