"""Older spellings that still work (docs/rules/legacy-form.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path

ID = "legacy-form"
SUMMARY = "An older form that flyctl still converts."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl's migrations (patches.go) convert them silently; newer sections have no such form."""
    written = manifest.definition
    if isinstance(written.get("processes"), list | tuple) and manifest.table("processes"):
        yield _finding(
            manifest, ("processes",), "[[processes]] is an older form", '[processes] with web = "…"'
        )
    if isinstance(written.get("checks"), list | tuple) and manifest.table("checks"):
        yield _finding(manifest, ("checks",), "[[checks]] is an older form", "[checks.NAME]")
    services = written.get("services")
    listed = services if isinstance(services, list | tuple) else [services]
    if any(isinstance(service, Mapping) and _has_text(service) for service in listed):
        for index, _ in manifest.indexed("services"):
            path: Path = ("services", index, "concurrency")
            node = manifest.nodes.get(path)
            if node is not None and manifest.source.text[node.start : node.start + 1] in ('"', "'"):
                message = "concurrency as a string is an older form"
                yield _finding(
                    manifest, path, message, "[services.concurrency] with soft_limit and hard_limit"
                )


def _has_text(service: Mapping[str, Json]) -> bool:
    return isinstance(service.get("concurrency"), str)


def _finding(manifest: Manifest, path: Path, message: str, remedy: str) -> Finding:
    return finding_at(
        manifest, path, rule=ID, severity=Severity.NOTICE, message=message, hint=f"Write {remedy}."
    )
