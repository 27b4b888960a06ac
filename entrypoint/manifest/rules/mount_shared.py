"""One mount for two groups (docs/rules/mount-shared.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.rules.sections import finding_at, scoped

ID = "mount-shared"
SUMMARY = "A mount for several groups gives each machine a disk of its own; nothing is shared."


def check(manifest: Manifest) -> Iterator[Finding]:
    """A volume belongs to one machine. The name is shared, the data is not."""
    for mount in scoped(manifest, "mounts"):
        if len(mount.groups) > 1:
            names = " and ".join(quote(group) for group in mount.groups[:3])
            yield finding_at(
                manifest,
                (*mount.path, "processes"),
                rule=ID,
                severity=Severity.WARNING,
                message=f"{names} do not share this volume: every machine gets one of its own",
                hint="Keep shared data in a database or an object store.",
            )
