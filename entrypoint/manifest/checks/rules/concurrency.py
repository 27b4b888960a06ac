"""Concurrency limits (docs/rules/concurrency.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import quote

ID = "concurrency"
SUMMARY = "Concurrency counts something unknown, or the soft limit is above the hard one."
_TYPES = ("connections", "requests")


def check(manifest: Manifest) -> Iterator[Finding]:
    """Above the soft limit the proxy prefers other machines; above the hard limit it sends nothing."""
    for service in services(manifest):
        limits = service.values.get("concurrency")
        if not isinstance(limits, Mapping):
            continue
        path = (*service.path, "concurrency")
        kind, soft, hard = limits.get("type"), limits.get("soft_limit"), limits.get("hard_limit")
        if kind and kind not in _TYPES:
            close = nearest(str(kind), _TYPES)
            yield finding_at(
                manifest,
                (*path, "type"),
                rule=ID,
                severity=Severity.ERROR,
                message=f"concurrency cannot count {quote(kind)}",
                hint=f"Did you mean {quote(close)}?" if close else "Types are connections and requests.",
            )
        if isinstance(soft, int) and isinstance(hard, int) and soft > hard > 0:
            yield finding_at(
                manifest,
                (*path, "soft_limit"),
                rule=ID,
                severity=Severity.WARNING,
                message=f"soft_limit {soft} is above hard_limit {hard}, and is never reached",
                hint="Set soft_limit below hard_limit.",
            )
