"""GPUs (docs/rules/gpu.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.checks.rules.vms import sized_sections
from entrypoint.manifest.convert.guest import PRESETS
from entrypoint.manifest.model import Manifest

ID = "gpu"
SUMMARY = "GPU machines are discontinued."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl's flags refuse them; its fly.toml keys do not."""
    for path, vm in sized_sections(manifest):
        size = vm.get("size")
        by_size = isinstance(size, str) and "gpu_kind" in PRESETS.get(size, {})
        key = "size" if by_size else next((key for key in ("gpu_kind", "gpus") if vm.get(key)), None)
        if key:
            yield finding_at(
                manifest,
                (*path, key),
                rule=ID,
                severity=Severity.WARNING,
                message="Fly has discontinued GPU machines",
                hint="Fly refuses new machines of this size. Choose another one.",
            )
