"""443 without TLS, 80 with it (docs/rules/tls-on-port.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest, strings

ID = "tls-on-port"
SUMMARY = "Port 443 speaks plain HTTP, or port 80 speaks TLS."


def check(manifest: Manifest) -> Iterator[Finding]:
    """A port without handlers passes TCP through: there the app itself may speak TLS."""
    for service in services(manifest):
        for path, port in service.tables("ports"):
            handlers = strings(port.get("handlers"))
            number = port.get("port")
            if number == 443 and "http" in handlers and "tls" not in handlers:
                message, hint = "port 443 speaks plain HTTP here", 'Write handlers = ["tls", "http"].'
            elif number == 80 and "tls" in handlers:
                message, hint = "port 80 speaks TLS here", 'Write handlers = ["http"].'
            else:
                continue
            yield finding_at(
                manifest,
                (*path, "handlers"),
                rule=ID,
                severity=Severity.WARNING,
                message=message,
                hint=hint,
            )
