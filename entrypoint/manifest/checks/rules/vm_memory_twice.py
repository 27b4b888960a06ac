"""Two memory keys that disagree (docs/rules/vm-memory-twice.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, line_of
from entrypoint.manifest.checks.rules.vms import sized_sections
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.values import parse_memory

ID = "vm-memory-twice"
SUMMARY = "memory and memory_mb differ, and memory_mb counts."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Fly's own launcher has written such files: 1gb and 256 make a machine of 256 MB."""
    for path, vm in sized_sections(manifest):
        memory, megabytes = vm.get("memory"), vm.get("memory_mb")
        if not (isinstance(memory, str) and memory and isinstance(megabytes, int) and megabytes):
            continue
        try:
            said = parse_memory(memory)
        except ValueError:
            continue
        if said != megabytes:
            yield finding_at(
                manifest,
                (*path, "memory"),
                rule=ID,
                severity=Severity.WARNING,
                message=f"memory_mb = {megabytes} at line {line_of(manifest, (*path, 'memory_mb'))} "
                f"overrides these {said} MB",
                hint="Keep one of the two.",
            )
