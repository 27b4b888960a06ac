"""Services of one group that disagree about stopping (docs/rules/autostop-mixed.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.sections import Section, finding_at, line_of, services
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "autostop-mixed"
SUMMARY = "Services of one group have different settings for stopping idle machines."


def check(manifest: Manifest) -> Iterator[Finding]:
    """A machine stops as a whole; the service that stops least decides."""
    first: dict[GroupName, Section] = {}
    for service in services(manifest):
        if "auto_stop_machines" not in service.values:
            continue
        for group in service.groups:
            other = first.setdefault(group, service)
            theirs, mine = other.values.get("auto_stop_machines"), service.values.get("auto_stop_machines")
            if theirs != mine:
                line = line_of(manifest, (*other.path, "auto_stop_machines"))
                yield finding_at(
                    manifest,
                    (*service.path, "auto_stop_machines"),
                    rule=ID,
                    severity=Severity.WARNING,
                    message=f"line {line} says {quote(theirs)} for the same machines of {quote(group)}",
                    hint="A machine stops as a whole: say the same in all services of a group.",
                )
                break
