"""Numbers that are no ports (docs/rules/port-range.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import (
    Section,
    finding_at,
    scoped,
    services,
    top_checks,
    written,
)
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "port-range"
SUMMARY = "A port is not between 1 and 65535, or a range ends before it starts."
_HINT = "Ports are 1 to 65535."


def check(manifest: Manifest) -> Iterator[Finding]:
    """In services, checks and metrics."""
    for service in services(manifest):
        yield from _outside(manifest, (*service.path, "internal_port"), service.values.get("internal_port"))
        yield from _external(manifest, service)
    for section in (*top_checks(manifest), *scoped(manifest, "metrics")):
        yield from _outside(manifest, (*section.path, "port"), section.values.get("port"))


def _external(manifest: Manifest, service: Section) -> Iterator[Finding]:
    for path, port in service.tables("ports"):
        for key in ("port", "start_port", "end_port"):
            yield from _outside(manifest, (*path, key), port.get(key))
        start, end = port.get("start_port"), port.get("end_port")
        if not any((*path, key) in manifest.nodes for key in ("port", "start_port", "end_port")):
            if service.path[0] == "services":
                yield _finding(
                    manifest, path, "this port has no number", "Add port, or start_port and end_port."
                )
            continue
        if isinstance(start, int) and isinstance(end, int) and start > end:
            yield _finding(manifest, (*path, "end_port"), f"the range ends at {end}, before {start}", "")
        elif (start is None) != (end is None):
            alone = "start_port" if end is None else "end_port"
            yield _finding(
                manifest, (*path, alone), f"{alone} stands alone", "A range needs start_port and end_port."
            )


def _outside(manifest: Manifest, path: Path, value: object) -> Iterator[Finding]:
    fraction = written(manifest, path).partition(".")[2]
    if isinstance(value, int) and fraction.strip("0"):
        message, hint = (
            f"{quote(written(manifest, path))} is rounded down to {value}",
            "Write a whole number.",
        )
        yield finding_at(manifest, path, rule=ID, severity=Severity.WARNING, message=message, hint=hint)
    if isinstance(value, int) and not 1 <= value <= 65535:
        yield _finding(manifest, path, f"{path[-1]} {value} is not a port", _HINT)


def _finding(manifest: Manifest, path: Path, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=Severity.ERROR, message=message, hint=hint)
