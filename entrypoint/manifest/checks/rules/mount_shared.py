"""One mount for two groups (docs/rules/mount-shared.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import Section, finding_at, line_of, scoped
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "mount-shared"
SUMMARY = "A mount for several groups gives each machine a disk of its own; nothing is shared."


def check(manifest: Manifest) -> Iterator[Finding]:
    """A volume belongs to one machine. The name is shared, the data is not."""
    seen: dict[str, Section] = {}
    for mount in scoped(manifest, "mounts"):
        if len(mount.groups) > 1:
            names = " and ".join(quote(group) for group in mount.groups[:3])
            yield _finding(
                manifest,
                (*mount.path, "processes"),
                Severity.WARNING,
                f"{names} do not share this volume: every machine gets one of its own",
            )
        source = mount.values.get("source")
        if isinstance(source, str) and source and mount.groups:
            other = seen.setdefault(source, mount)
            if set(other.groups).isdisjoint(mount.groups):
                line = line_of(manifest, (*other.path, "source"))
                message = (
                    f"this is not the volume of line {line}: {quote(mount.groups[0])} gets disks of its own"
                )
                yield _finding(manifest, (*mount.path, "source"), Severity.NOTICE, message)


def _finding(manifest: Manifest, path: Path, severity: Severity, message: str) -> Finding:
    hint = "Keep shared data in a database or an object store."
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
