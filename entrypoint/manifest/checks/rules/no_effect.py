"""Keys that flyctl knows and does nothing with (docs/rules/no-effect.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "no-effect"
SUMMARY = "A key is known and does nothing, such as auto_rollback."
_KEYS = {
    "auto_rollback": "flyctl rolls nothing back. Flightplan does: input on-failure, or on_failure in flightplan.toml.",
    "lazy_load_images": "Remove it.",
}


def check(manifest: Manifest) -> Iterator[Finding]:
    """Left over from platforms before Machines."""
    experimental = manifest.table("experimental")
    for key, hint in _KEYS.items():
        if experimental.get(key) is True:
            yield finding_at(
                manifest,
                ("experimental", key),
                rule=ID,
                severity=Severity.NOTICE,
                message=f"{key} has no effect",
                hint=hint,
                on_key=True,
            )
