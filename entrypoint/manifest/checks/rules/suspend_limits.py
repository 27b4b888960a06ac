"""Machines that cannot be suspended (docs/rules/suspend-limits.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import Section, finding_at, services
from entrypoint.manifest.checks.rules.vms import Vms
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "suspend-limits"
SUMMARY = "Machines are to be suspended and cannot be: they have swap, or more than 2 GB of memory."
MOST_MB = 2048


def check(manifest: Manifest) -> Iterator[Finding]:
    """They are stopped instead, and start cold."""
    vms = Vms(manifest)
    swap = manifest.values.get("swap_size_mb")
    for service in services(manifest):
        if service.values.get("auto_stop_machines") != "suspend":
            continue
        if isinstance(swap, int) and swap > 0:
            yield _finding(manifest, service, "machines with swap are not suspended", "Remove swap_size_mb")
        for group in service.groups:
            memory = vms.memory_of(group)
            if memory > MOST_MB:
                yield _finding(
                    manifest,
                    service,
                    f"machines of {quote(group)} have {memory} MB, and above {MOST_MB} MB none is suspended",
                    "Use a smaller size",
                )
                break


def _finding(manifest: Manifest, service: Section, message: str, remedy: str) -> Finding:
    return finding_at(
        manifest,
        (*service.path, "auto_stop_machines"),
        rule=ID,
        severity=Severity.WARNING,
        message=message,
        hint=f'{remedy}, or set auto_stop_machines = "stop", which is what happens now.',
    )
