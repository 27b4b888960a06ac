"""More than one volume for a machine (docs/rules/several-mounts.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.sections import finding_at, line_of, scoped
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "several-mounts"
SUMMARY = "A group has two mounts, and a machine takes one volume."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl checks this only under --process-groups; otherwise it gives the first a volume and the rest none."""
    seen: dict[GroupName, Path] = {}
    for mount in scoped(manifest, "mounts"):
        again = next((group for group in mount.groups if group in seen), None)
        if again is not None:
            line = line_of(manifest, seen[again])
            yield finding_at(
                manifest,
                mount.path,
                rule=ID,
                severity=Severity.ERROR,
                message=f"{quote(again)} has a mount at line {line} already, and a machine takes one volume",
                hint="Use one volume with two folders, or give this one to another group with processes.",
            )
        for group in mount.groups:
            seen.setdefault(group, mount.path)
