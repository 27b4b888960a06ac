"""Machine checks without a command (docs/rules/machine-check-command.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path

ID = "machine-check-command"
SUMMARY = "A machine check has neither a command nor an image of its own to run."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl starts the app's own image with the app's own command, which is no test and never ends."""
    paths: list[Path] = [("machine_checks", index) for index, _ in manifest.indexed("machine_checks")]
    paths += [path for service in services(manifest) for path, _ in service.tables("machine_checks")]
    for path in paths:
        if not any((*path, key) in manifest.nodes for key in ("command", "image", "entrypoint")):
            yield finding_at(
                manifest,
                path,
                rule=ID,
                severity=Severity.WARNING,
                message="this machine check has no command",
                hint='Add command = ["…"]; its exit code is the result.',
            )
