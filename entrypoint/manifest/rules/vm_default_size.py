"""A [[vm]] that says nothing (docs/rules/vm-default-size.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.rules.sections import finding_at

ID = "vm-default-size"
SUMMARY = "A [[vm]] without a size resets its groups to shared-cpu-1x."
_SAYING = ("size", "memory", "memory_mb", "cpus", "cpu_kind", "gpu_kind")


def check(manifest: Manifest) -> Iterator[Finding]:
    """Without any [[vm]] machines keep the size they have; with an empty one they are made the smallest."""
    for index, vm in manifest.indexed("vm"):
        if not any(vm.get(key) for key in _SAYING):
            yield finding_at(
                manifest,
                ("vm", index),
                rule=ID,
                severity=Severity.WARNING,
                message="this [[vm]] says no size, and so makes its machines shared-cpu-1x with 256 MB",
                hint='Add size = "…", or remove the section to keep the size that is live.',
            )
