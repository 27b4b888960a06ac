"""Memory that does not fit the CPUs (docs/rules/vm-memory.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.checks.rules.vms import guest, sized_sections
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.syntax.tree import Path

ID = "vm-memory"
SUMMARY = "The memory is outside what the CPUs allow, or not a multiple of 256 MB."
_PER_CPU = {"shared": (256, 2048), "performance": (2048, 8192)}
"""MB, least and most (fly-go machine_types.go; checked by the API, not by flyctl)."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """`cpus = 4` alone asks for 4 CPUs with the 256 MB of the default size: the API refuses it."""
    for path, vm in sized_sections(manifest):
        made = guest(vm)
        if made is None or made.get("gpu_kind"):
            continue
        memory, cpus, kind = made.get("memory_mb"), made.get("cpus"), made.get("cpu_kind")
        if isinstance(memory, int) and isinstance(cpus, int) and kind in _PER_CPU and cpus > 0:
            least, most = (limit * cpus for limit in _PER_CPU[str(kind)])
            what = f"{cpus} {kind} CPU{'s' if cpus > 1 else ''}"
            where: Path = (*path, _key(vm))
            if not least <= memory <= most:
                message = f"{what} with {memory} MB: the API takes {least} to {most} MB"
                yield _error(manifest, where, message, f'Set memory = "{_nearest(memory, least, most)}mb".')
            elif memory % 256:
                message = f"{memory} MB is not a multiple of 256"
                yield _error(manifest, where, message, f'Set memory = "{memory // 256 * 256}mb".')


def _key(vm: Mapping[str, Json]) -> str:
    return next((key for key in ("memory_mb", "memory", "cpus", "cpu_kind", "size") if vm.get(key)), "size")


def _nearest(memory: int, least: int, most: int) -> int:
    return least if memory < least else most


def _error(manifest: Manifest, path: Path, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=Severity.ERROR, message=message, hint=hint)
