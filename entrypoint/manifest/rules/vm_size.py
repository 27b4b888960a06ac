"""Machine sizes that do not exist (docs/rules/vm-size.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.guest import PRESETS
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.rules.sections import finding_at
from entrypoint.manifest.rules.vms import guest, sized_sections
from entrypoint.manifest.source import Path

ID = "vm-size"
SUMMARY = "A machine size or memory that flyctl cannot make a machine of."
_FAMILIES = "shared-cpu-1x to 8x and performance-1x to 16x"


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl notices only after the build and the release command (machines.go:computeToGuest)."""
    for path, vm in sized_sections(manifest):
        size = vm.get("size")
        if isinstance(size, str) and size and size not in PRESETS:
            close = nearest(size, PRESETS)
            hint = f"Did you mean {quote(close)}?" if close else f"Sizes are {_FAMILIES}."
            yield _error(manifest, (*path, "size"), f"there is no size {quote(size)}", hint)
        elif guest(vm) is None:
            yield _error(manifest, (*path, "memory"), _memory_problem(vm), 'Write memory = "512mb" or "2gb".')


def _memory_problem(vm: Mapping[str, Json]) -> str:
    return f"{quote(vm.get('memory'))} is no amount of memory"


def _error(manifest: Manifest, path: Path, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=Severity.ERROR, message=message, hint=hint)
