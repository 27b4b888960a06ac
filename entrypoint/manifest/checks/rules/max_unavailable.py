"""How many machines may be down during a deploy (docs/rules/max-unavailable.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "max-unavailable"
SUMMARY = "max_unavailable is zero or less, is rounded down, or is not used."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Below 1 it is a share, from 1 up a number of machines; flyctl panics at 0 (deploy strategies)."""
    value, strategy = manifest.deploy.max_unavailable, manifest.deploy.strategy
    if value is None:
        return
    if value <= 0:
        severity, message = (
            Severity.ERROR,
            "flyctl crashes while deploying where max_unavailable is 0 or less",
        )
        hint = "Write a share such as 0.33, or a number of machines from 1 up."
    elif strategy in (Strategy.IMMEDIATE, Strategy.BLUEGREEN):
        severity, message = Severity.WARNING, f"strategy {strategy} does not use max_unavailable"
        hint = 'Remove it, or use strategy = "rolling".'
    elif value > 1 and not value.is_integer():
        severity, message = Severity.WARNING, f"{value:g} machines are rounded down to {int(value)}"
        hint = f"Write {int(value)}, or a share below 1."
    else:
        return
    yield finding_at(
        manifest,
        ("deploy", "max_unavailable"),
        rule=ID,
        severity=severity,
        message=message,
        hint=hint,
    )
