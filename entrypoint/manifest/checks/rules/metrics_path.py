"""Metrics that cannot be fetched (docs/rules/metrics-path.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, scoped
from entrypoint.manifest.model import Manifest

ID = "metrics-path"
SUMMARY = "[[metrics]] lacks a port or a path, or the path does not begin with /."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Fly's Prometheus asks http://machine:port/path; flyctl sends whatever is there."""
    for metrics in scoped(manifest, "metrics"):
        path = metrics.values.get("path")
        missing = [key for key in ("port", "path") if (*metrics.path, key) not in manifest.nodes]
        if missing:
            message, where = f"these metrics have no {missing[0]}", metrics.path
        elif isinstance(path, str) and not path.startswith("/"):
            message, where = "path does not begin with /", (*metrics.path, "path")
        else:
            continue
        yield finding_at(
            manifest,
            where,
            rule=ID,
            severity=Severity.WARNING,
            message=message,
            hint='Write port and path: port = 9091, path = "/metrics".',
        )
