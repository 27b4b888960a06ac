"""Machines that stop and never come back (docs/rules/autostop-without-autostart.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest

ID = "autostop-without-autostart"
SUMMARY = "The proxy stops idle machines of a service and may not start them again."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Once all are stopped, requests end in 503 until somebody starts a machine by hand."""
    for service in services(manifest):
        stops = service.values.get("auto_stop_machines")
        if stops in ("stop", "suspend") and service.values.get("auto_start_machines") is False:
            yield finding_at(
                manifest,
                (*service.path, "auto_start_machines"),
                rule=ID,
                severity=Severity.WARNING,
                message=f"idle machines {stops} and are never started again",
                hint='Set auto_start_machines = true, or auto_stop_machines = "off".',
            )
