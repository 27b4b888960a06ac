"""Mounts without a source or destination (docs/rules/mount-fields.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, scoped
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "mount-fields"
SUMMARY = "A mount has no source or no destination, or a destination that cannot be mounted."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl checks none of this."""
    for mount in scoped(manifest, "mounts"):
        destination = mount.values.get("destination")
        for key in ("source", "destination"):
            if mount.values.get(key) in (None, "") and (*mount.path, key) not in manifest.nodes:
                what = "the name of the volume" if key == "source" else "where to mount it"
                yield _error(manifest, mount.path, f"this mount has no {key}", f"Add {key}, {what}.")
        if isinstance(destination, str) and destination.rstrip("/") == "" and destination:
            yield _error(
                manifest,
                (*mount.path, "destination"),
                "a volume cannot be mounted over the whole file system",
                'Mount it in a folder: destination = "/data".',
            )
        elif isinstance(destination, str) and destination and not destination.startswith("/"):
            yield _error(
                manifest,
                (*mount.path, "destination"),
                f"destination {quote(destination)} is not an absolute path",
                f'Write destination = "/{destination[:60]}".',
            )


def _error(manifest: Manifest, path: Path, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=Severity.ERROR, message=message, hint=hint)
