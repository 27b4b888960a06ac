"""Numbers that count nanoseconds (docs/rules/duration-unit.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.durations import SECOND
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, service_checks, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path

ID = "duration-unit"
SUMMARY = "A number without a unit counts nanoseconds here."


def check(manifest: Manifest) -> Iterator[Finding]:
    """`wait_timeout = 600` waits 600 ns, and the deploy fails at once. Other keys count milliseconds, or seconds."""
    for key in ("wait_timeout", "release_command_timeout"):
        yield from _bare(manifest, ("deploy", key), Severity.ERROR)
    for service in services(manifest):
        if service.path[0] == "http_service":
            for path, _ in service_checks(service):
                for key in ("interval", "timeout", "grace_period"):
                    yield from _bare(manifest, (*path, key), Severity.WARNING)
        for path, _ in service.tables("machine_checks"):
            yield from _bare(manifest, (*path, "kill_timeout"), Severity.ERROR)
    for index, _ in manifest.indexed("machine_checks"):
        yield from _bare(manifest, ("machine_checks", index, "kill_timeout"), Severity.ERROR)


def _bare(manifest: Manifest, path: Path, severity: Severity) -> Iterator[Finding]:
    """Numbers of a second or more (a billion nanoseconds) are meant as nanoseconds."""
    node = manifest.nodes.get(path)
    value = node.value if node else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < SECOND:
        unit = "ms" if value >= 1000 and severity is Severity.WARNING else "s"
        yield finding_at(
            manifest,
            path,
            rule=ID,
            severity=severity,
            message=f"{path[-1]} = {value} means {value} nanoseconds",
            hint=f'Give a unit: {path[-1]} = "{value}{unit}".',
        )
