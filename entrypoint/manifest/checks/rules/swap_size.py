"""Swap (docs/rules/swap-size.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "swap-size"
SUMMARY = "swap_size_mb is negative."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl sends it unchanged."""
    swap = manifest.values.get("swap_size_mb")
    if isinstance(swap, int) and swap < 0:
        yield finding_at(
            manifest,
            ("swap_size_mb",),
            rule=ID,
            severity=Severity.ERROR,
            message=f"there is no swap of {swap} MB",
            hint="Write 0 or more, or remove it.",
        )
