"""Two host dedications (docs/rules/host-dedication.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, line_of
from entrypoint.manifest.model import Manifest

ID = "host-dedication"
SUMMARY = "host_dedication_id at the top differs from the one in a [[vm]]."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl deploys with the one at the top, and replaces machines that have the other."""
    top = manifest.values.get("host_dedication_id")
    for index, vm in manifest.indexed("vm"):
        own = vm.get("host_dedication_id")
        if top and own and own != top:
            line = line_of(manifest, ("host_dedication_id",))
            yield finding_at(
                manifest,
                ("vm", index, "host_dedication_id"),
                rule=ID,
                severity=Severity.WARNING,
                message=f"line {line} says another host_dedication_id, and that one counts",
                hint="Keep one of the two.",
            )
