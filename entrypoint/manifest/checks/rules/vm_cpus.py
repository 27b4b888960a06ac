"""Numbers and kinds of CPUs (docs/rules/vm-cpus.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.checks.rules.vms import guest, sized_sections
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import quote

ID = "vm-cpus"
SUMMARY = "There is no machine with this number or kind of CPUs."
_CPUS = {"shared": (1, 2, 4, 6, 8), "performance": (1, 2, 4, 6, 8, 10, 12, 14, 16, 32, 64, 128)}
"""What the Machines API accepts (fly-go machine_types.go)."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl sends any value."""
    for path, vm in sized_sections(manifest):
        made = guest(vm)
        if made is None or made.get("gpu_kind"):
            continue
        kind, cpus = str(made.get("cpu_kind")), made.get("cpus")
        if kind not in _CPUS:
            close = nearest(kind, _CPUS)
            hint = f"Did you mean {quote(close)}?" if close else "Kinds are shared and performance."
            key, message = "cpu_kind", f"there is no kind of CPU {quote(kind)}"
        elif cpus not in _CPUS[kind]:
            key, message = "cpus", f"there is no machine with {cpus} {kind} CPUs"
            hint = f"There are {', '.join(str(number) for number in _CPUS[kind])}."
        else:
            continue
        yield finding_at(manifest, (*path, key), rule=ID, severity=Severity.ERROR, message=message, hint=hint)
