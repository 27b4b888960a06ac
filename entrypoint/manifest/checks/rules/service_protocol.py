"""A service's protocol (docs/rules/service-protocol.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "service-protocol"
SUMMARY = "A service's protocol is missing, or is neither tcp nor udp."


def check(manifest: Manifest) -> Iterator[Finding]:
    """http and https are handlers of a port, not protocols of a service."""
    for service in services(manifest):
        protocol = service.values.get("protocol")
        if not protocol:
            if not service.values.get("ports"):
                continue
            yield finding_at(
                manifest,
                service.path,
                rule=ID,
                severity=Severity.WARNING,
                message="this service has no protocol",
                hint='Add protocol = "tcp" or "udp".',
            )
        elif protocol not in ("tcp", "udp"):
            yield finding_at(
                manifest,
                (*service.path, "protocol"),
                rule=ID,
                severity=Severity.ERROR,
                message=f"there is no protocol {quote(protocol)}",
                hint='Protocols are tcp and udp. HTTP and TLS are handlers of a port: handlers = ["tls", "http"].',
            )
