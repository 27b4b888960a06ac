"""Volumes that grow for ever (docs/rules/auto-extend-unlimited.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, scoped
from entrypoint.manifest.model import Manifest

ID = "auto-extend-unlimited"
SUMMARY = "A volume extends itself without a limit, and volumes cannot shrink."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl accepts it; Fly's documentation says that the limit is required."""
    for mount in scoped(manifest, "mounts"):
        if mount.values.get("auto_extend_size_threshold") and not mount.values.get("auto_extend_size_limit"):
            yield finding_at(
                manifest,
                (*mount.path, "auto_extend_size_threshold"),
                rule=ID,
                severity=Severity.NOTICE,
                message="this volume grows without a limit",
                hint='Add auto_extend_size_limit = "…gb".',
            )
