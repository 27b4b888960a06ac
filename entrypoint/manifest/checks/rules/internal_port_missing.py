"""A service that does not say where the app listens (docs/rules/internal-port-missing.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest

ID = "internal-port-missing"
SUMMARY = "A service has no internal_port, so the proxy has nowhere to send."


def check(manifest: Manifest) -> Iterator[Finding]:
    """There is no default: 8080, as some pages say, is not filled in by flyctl. Without ports nothing is sent."""
    for service in services(manifest):
        if not service.values.get("ports"):
            continue
        node = manifest.nodes.get(service.path)
        given = node is not None and isinstance(node.value, dict) and "internal_port" in node.value
        if service.values.get("internal_port") is None and not given:
            yield finding_at(
                manifest,
                service.path,
                rule=ID,
                severity=Severity.ERROR,
                message="this service has no internal_port",
                hint="Add internal_port, the port your app listens on. There is no default.",
            )
