"""A section that only the default group gets (docs/rules/default-group-only.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import SCOPED, finding_at, scoped, top_checks
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.problems import quote

ID = "default-group-only"
SUMMARY = "A section without processes applies to one group only, the default one."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl's default group is `app`, or the first name in byte order: `cron` before `web`."""
    if len(manifest.groups) < 2:
        return
    lists = [section for name in SCOPED for section in scoped(manifest, name)]
    for section in (*lists, *top_checks(manifest)):
        if not strings(section.values.get("processes")):
            yield finding_at(
                manifest,
                section.path,
                rule=ID,
                severity=Severity.WARNING,
                message=f"only {quote(manifest.default_group)} gets this section, because it names no processes",
                hint='Say which groups it is for: processes = ["…"].',
            )
