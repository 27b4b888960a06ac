"""What min_machines_running does and does not do (docs/rules/min-machines-running.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path

ID = "min-machines-running"
SUMMARY = "min_machines_running has no effect here: it only limits auto_stop_machines, in the primary region."


def check(manifest: Manifest) -> Iterator[Finding]:
    """It starts nothing, counts only machines in the primary region, and is no number of machines to deploy."""
    for service in services(manifest):
        least = service.values.get("min_machines_running")
        if not isinstance(least, int) or least == 0:
            continue
        path = (*service.path, "min_machines_running")
        if least < 0:
            yield _finding(manifest, path, Severity.WARNING, f"{least} machines cannot run", "Set 0 or more.")
        elif not service.values.get("ports"):
            yield _finding(
                manifest,
                path,
                Severity.NOTICE,
                "this has no effect on a service without ports",
                "Only the proxy uses it, and only for traffic.",
            )
        elif service.values.get("auto_stop_machines") == "off":
            yield _finding(
                manifest,
                path,
                Severity.NOTICE,
                'this has no effect with auto_stop_machines = "off"',
                "It only says how many machines the proxy leaves running. How many there are is a count in flightplan.toml.",
            )
        elif (
            service.values.get("auto_stop_machines") in ("stop", "suspend")
            and manifest.primary_region is None
        ):
            yield _finding(
                manifest,
                path,
                Severity.WARNING,
                "only machines in the primary region count, and there is no primary_region",
                "Set primary_region at the top of the file.",
            )


def _finding(manifest: Manifest, path: Path, severity: Severity, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
