"""Machine sizes that do not exist (docs/rules/vm-size.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.checks.rules.vms import guest, sized_sections
from entrypoint.manifest.convert.guest import PRESETS
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import some
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "vm-size"
SUMMARY = "A machine size or an amount of memory that flyctl does not know."
_FAMILIES = ("shared-cpu-", "performance-")


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl notices only after the build and the release command (machines.go:computeToGuest)."""
    for path, vm in sized_sections(manifest):
        size = vm.get("size")
        if isinstance(size, str) and size and size not in PRESETS:
            yield _error(manifest, (*path, "size"), f"there is no size {quote(size)}", _hint(size))
        elif guest(vm) is None:
            yield _error(manifest, (*path, "memory"), _memory_problem(vm), 'Write memory = "512mb" or "2gb".')


def _hint(size: str) -> str:
    """The sizes of the family that was meant: the nearest word is seldom the nearest size."""
    if size.casefold() in PRESETS:
        return f"Write it in small letters: {quote(size.casefold())}."
    family = next((name for name in _FAMILIES if size.casefold().startswith(name[:6])), "")
    names = [name for name in PRESETS if name.startswith(family or _FAMILIES)]
    return f"Sizes are {some(names, most=14)}."


def _memory_problem(vm: Mapping[str, Json]) -> str:
    return f"{quote(vm.get('memory'))} is not an amount of memory"


def _error(manifest: Manifest, path: Path, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=Severity.ERROR, message=message, hint=hint)
