"""Restart policies that do the opposite of what a group is for (docs/rules/restart-mismatch.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, scoped, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "restart-mismatch"
SUMMARY = "A worker is never restarted, or an app that stops by exiting is always restarted."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Only the restart policy starts a worker again; the proxy starts only machines with services."""
    served = {group for service in services(manifest) for group in service.groups}
    stopping = {
        group
        for service in services(manifest)
        if service.values.get("auto_stop_machines") in ("stop", "suspend")
        for group in service.groups
    }
    for restart in scoped(manifest, "restart"):
        policy = restart.values.get("policy")
        for group in restart.groups:
            if policy == "never" and group not in served and manifest.has_processes:
                message = f"a machine of {quote(group)} that exits stays stopped: no service makes the proxy start it"
                severity, hint = Severity.WARNING, 'Use policy = "on-failure" or "always" for a worker.'
            elif policy == "always" and group in stopping:
                message = f"an app of {quote(group)} that exits when idle is started again at once"
                severity = Severity.NOTICE
                hint = 'If yours scales to zero by exiting, use policy = "on-failure".'
            else:
                continue
            yield finding_at(
                manifest,
                (*restart.path, "policy"),
                rule=ID,
                severity=severity,
                message=message,
                hint=hint,
            )
            break
