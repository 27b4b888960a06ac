"""Workers that the proxy stops because they get no traffic (docs/rules/autostop-without-traffic.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest

ID = "autostop-without-traffic"
SUMMARY = "A service that gets no traffic lets the proxy stop its machines, and nothing starts them again."


def check(manifest: Manifest) -> Iterator[Finding]:
    """To the proxy a machine without requests is idle, however busy the worker is."""
    for service in services(manifest):
        stops = service.values.get("auto_stop_machines")
        if stops in ("stop", "suspend") and not service.values.get("ports"):
            yield finding_at(
                manifest,
                (*service.path, "auto_stop_machines"),
                rule=ID,
                severity=Severity.WARNING,
                message="this service has no ports, so its machines always count as idle and are stopped",
                hint='Remove the service, or set auto_stop_machines = "off": a worker needs no service to run.',
            )
