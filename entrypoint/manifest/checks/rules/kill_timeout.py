"""How long a machine may take to stop (docs/rules/kill-timeout.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.durations import SECOND
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "kill-timeout"
SUMMARY = "kill_timeout is negative, or longer than Fly waits."
MOST_SECONDS = 300


def check(manifest: Manifest) -> Iterator[Finding]:
    """Fly's documentation names 300 seconds as the maximum; flyctl accepts any value."""
    timeout = manifest.values.get("kill_timeout")
    if isinstance(timeout, int) and not 0 <= timeout <= MOST_SECONDS * SECOND:
        negative = timeout < 0
        yield finding_at(
            manifest,
            ("kill_timeout",),
            rule=ID,
            severity=Severity.WARNING,
            message="kill_timeout is negative" if negative else f"Fly waits at most {MOST_SECONDS} s",
            hint=f'Write 0 to {MOST_SECONDS} seconds: kill_timeout = "30s".',
        )
