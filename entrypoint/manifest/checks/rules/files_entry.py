"""Files that are written empty, twice or nowhere (docs/rules/files-entry.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.rules.sections import finding_at, line_of
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "files-entry"
SUMMARY = "A [[files]] entry has no absolute path, no content or more than one."
_SOURCES = ("local_path", "secret_name", "raw_value")


def check(manifest: Manifest) -> Iterator[Finding]:
    """Of several contents flyctl uses the first in this order: local_path, secret_name, raw_value."""
    seen: dict[str, Path] = {}
    for index, entry in manifest.indexed("files"):
        path: Path = ("files", index)
        guest = entry.get("guest_path")
        if isinstance(guest, str) and guest and not entry.get("processes"):
            if guest in seen:
                message = f"{quote(guest)} is written at line {line_of(manifest, seen[guest])} too, and this one counts"
                yield _finding(
                    manifest, (*path, "guest_path"), Severity.WARNING, message, "Keep one of the two."
                )
            seen[guest] = (*path, "guest_path")
        yield from _target(manifest, path, entry)
        given = [key for key in _SOURCES if entry.get(key)]
        if not given and not any((*path, key) in manifest.nodes for key in _SOURCES):
            message = "this file has no content"
            yield _finding(
                manifest, path, Severity.WARNING, message, "Add local_path, secret_name or raw_value."
            )
        if len(given) > 1:
            message = f"{given[1]} is ignored: {given[0]} is the content"
            yield _finding(manifest, (*path, given[1]), Severity.WARNING, message, "Keep one of them.")
        yield from _local(manifest, path, entry)


def _target(manifest: Manifest, path: Path, entry: Mapping[str, Json]) -> Iterator[Finding]:
    guest = entry.get("guest_path")
    if not guest and (*path, "guest_path") not in manifest.nodes:
        yield _finding(manifest, path, Severity.ERROR, "this file has no guest_path", "Add guest_path.")
    elif isinstance(guest, str) and guest and not guest.startswith("/"):
        message = f"guest_path {quote(guest)} is not an absolute path"
        yield _finding(manifest, (*path, "guest_path"), Severity.ERROR, message, "Begin it with /.")


def _local(manifest: Manifest, path: Path, entry: Mapping[str, Json]) -> Iterator[Finding]:
    """A file that is missing here would be missing on the machine. Nothing is reported if local files were not read."""
    local = entry.get("local_path")
    found = manifest.local.get(local) if isinstance(local, str) else None
    if found is not None and found.content is None:
        message = f"there is no file {quote(local)}"
        hint = "local_path counts from the folder that flyctl and Flightplan run in, not from fly.toml's."
        yield _finding(manifest, (*path, "local_path"), Severity.ERROR, message, hint)


def _finding(manifest: Manifest, path: Path, severity: Severity, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
