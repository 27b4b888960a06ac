"""The signal that asks an app to stop (docs/rules/kill-signal.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import quote

ID = "kill-signal"
SUMMARY = "kill_signal is not one that the Machines API accepts."
SIGNALS = ("SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGSTOP")
"""The API's own document (fly.StopConfig), and SIGSTOP, which only the fly.toml page names."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl passes any word on."""
    signal = manifest.values.get("kill_signal")
    if isinstance(signal, str) and signal and signal not in SIGNALS:
        close = nearest(signal if signal.upper().startswith("SIG") else f"SIG{signal}", SIGNALS)
        yield finding_at(
            manifest,
            ("kill_signal",),
            rule=ID,
            severity=Severity.ERROR,
            message=f"the API does not accept the signal {quote(signal)}",
            hint=f"Did you mean {quote(close)}?" if close else f"Signals are {', '.join(SIGNALS[:7])}.",
        )
