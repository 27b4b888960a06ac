"""Statics that serve nothing (docs/rules/statics.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, line_of
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "statics"
SUMMARY = "A [[statics]] entry lacks a key, repeats a prefix, or is one too many."
MOST = 10


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl checks none of it. The API requires guest_path and url_prefix."""
    seen: dict[str, Path] = {}
    for index, static in manifest.indexed("statics"):
        path: Path = ("statics", index)
        for key in ("guest_path", "url_prefix"):
            if not static.get(key) and (*path, key) not in manifest.nodes:
                yield _finding(manifest, path, Severity.ERROR, f"these statics have no {key}", f"Add {key}.")
        guest = static.get("guest_path")
        if isinstance(guest, str) and guest and not guest.startswith("/") and not static.get("tigris_bucket"):
            message = f"guest_path {quote(guest)} is not absolute: flyctl uploads such a folder to Tigris, Flightplan does not"
            hint = "Give the folder's absolute path in the image."
            yield _finding(manifest, (*path, "guest_path"), Severity.WARNING, message, hint)
        prefix = static.get("url_prefix")
        if isinstance(prefix, str) and prefix and not prefix.startswith("/"):
            message = f"url_prefix {quote(prefix)} does not begin with /"
            yield _finding(manifest, (*path, "url_prefix"), Severity.WARNING, message, "Begin it with /.")
        if isinstance(prefix, str) and prefix in seen:
            message = f"{quote(prefix)} is served at line {line_of(manifest, seen[prefix])} already"
            yield _finding(manifest, (*path, "url_prefix"), Severity.WARNING, message, "Keep one of the two.")
        elif isinstance(prefix, str) and prefix:
            seen[prefix] = (*path, "url_prefix")
        if index == MOST:
            message = f"an app has at most {MOST} statics"
            yield _finding(manifest, path, Severity.WARNING, message, "Serve a common folder instead.")


def _finding(manifest: Manifest, path: Path, severity: Severity, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
