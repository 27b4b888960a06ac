"""A top-level check that cannot know its port (docs/rules/check-port-missing.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.sections import finding_at, groups_of, top_checks
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "check-port-missing"
SUMMARY = "A check has no port, and its group has no http_service to take one from."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl notices this after the build and the release command (toplevelcheck.go); [[services]] give no port."""
    http = manifest.values.get("http_service")
    served: tuple[GroupName, ...] = ()
    if isinstance(http, Mapping):
        served = groups_of(manifest, http.get("processes"))
    for section in top_checks(manifest):
        if section.values.get("type") not in ("http", "tcp") or (*section.path, "port") in manifest.nodes:
            continue
        bare = [group for group in section.groups if group not in served]
        if bare:
            yield finding_at(
                manifest,
                section.path,
                rule=ID,
                severity=Severity.ERROR,
                message=f"this check has no port, and {quote(bare[0])} has no http_service to take it from",
                hint="Add port to the check.",
            )
