"""What UDP services cannot do (docs/rules/udp-service.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import Section, finding_at, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path

ID = "udp-service"
SUMMARY = "A UDP service asks for what Fly Proxy does not do for UDP."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Datagrams reach the machine on the external port. The proxy does not change the port, has no handlers, and starts no machine."""
    for service in services(manifest):
        if service.values.get("protocol") == "udp":
            yield from _ports(manifest, service)
            if service.values.get("auto_stop_machines") in ("stop", "suspend"):
                yield _finding(
                    manifest,
                    (*service.path, "auto_stop_machines"),
                    "a stopped machine is not started by UDP traffic",
                    'Set auto_stop_machines = "off" for this group.',
                    severity=Severity.WARNING,
                )


def _ports(manifest: Manifest, service: Section) -> Iterator[Finding]:
    internal = service.values.get("internal_port")
    for path, port in service.tables("ports"):
        number = port.get("port")
        if isinstance(number, int) and isinstance(internal, int) and number != internal:
            yield _finding(
                manifest,
                (*path, "port"),
                f"UDP traffic is not sent on to internal port {internal}",
                f"The external and the internal port must be equal: listen on {number}, or set port = {internal}.",
            )
        if port.get("handlers"):
            yield _finding(
                manifest, (*path, "handlers"), "UDP ports have no handlers", "Remove the handlers."
            )


def _finding(
    manifest: Manifest, path: Path, message: str, hint: str, *, severity: Severity = Severity.ERROR
) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
