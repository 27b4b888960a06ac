"""A check that makes a second service (docs/rules/orphan-check.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, node_at
from entrypoint.manifest.model import Manifest

ID = "orphan-check"
SUMMARY = (
    "A check under [[services]] without an internal port makes a second service, whose check never passes."
)


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl sends a service without a port (superfly/flyctl#3675). Nothing answers there, and the deploy times out."""
    for index, service in manifest.indexed("services"):
        if service.get("internal_port") or service.get("ports"):
            continue
        for kind in ("http_checks", "tcp_checks"):
            if not service.get(kind):
                continue
            home = "[[http_service.checks]]" if kind == "http_checks" else "[checks.NAME] with its port"
            yield finding_at(
                manifest,
                ("services", index, kind),
                node=node_at(manifest, ("services", index, kind, 0)),
                rule=ID,
                severity=Severity.WARNING,
                message="this check makes a second service, without a port, and never passes",
                hint=f"It belongs to http_service: write it as {home}."
                if manifest.values.get("http_service")
                else "Add internal_port and [[services.ports]] to its service.",
            )
