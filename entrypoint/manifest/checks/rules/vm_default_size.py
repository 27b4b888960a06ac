"""A [[vm]] without a size or memory (docs/rules/vm-default-size.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "vm-default-size"
SUMMARY = "A [[vm]] without a size or memory resets its machines to 256 MB."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Without any [[vm]] machines keep the size they have; what a [[vm]] leaves out is shared-cpu-1x with 256 MB."""
    for index, vm in manifest.indexed("vm"):
        if any(vm.get(key) for key in ("size", "memory", "memory_mb", "gpu_kind")):
            continue
        if any(manifest.has_group(name) for name in _unknown(manifest, index)):
            continue  # [vm.web]: unknown-key says how it is written
        if vm.get("cpus", 1) != 1 or vm.get("cpu_kind", "shared") != "shared":
            continue  # the API refuses 256 MB for these: vm-memory reports it
        if vm.get("cpus") or vm.get("cpu_kind"):
            message = "this [[vm]] names no memory, and so gives its machines 256 MB"
        else:
            message = "this [[vm]] names no size, and so makes its machines shared-cpu-1x with 256 MB"
        yield finding_at(
            manifest,
            ("vm", index),
            rule=ID,
            severity=Severity.WARNING,
            message=message,
            hint='Add size = "…" or memory = "…", or remove the section to keep the size that is live.',
        )


def _unknown(manifest: Manifest, index: int) -> Iterator[GroupName]:
    for unknown in manifest.unknown:
        if unknown.path[:2] == ("vm", index):
            yield GroupName(str(unknown.path[-1]))
