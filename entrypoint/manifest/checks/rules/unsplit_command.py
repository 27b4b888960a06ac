"""Commands in [experimental] that stay one word (docs/rules/unsplit-command.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.problems import quote

ID = "unsplit-command"
SUMMARY = "A string in [experimental] cmd, entrypoint or exec is one word, spaces included."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Unlike in [processes] nothing splits it: the machine looks for a program whose name has spaces."""
    for key in ("cmd", "entrypoint", "exec"):
        words = strings(manifest.table("experimental").get(key))
        if len(words) == 1 and " " in words[0].strip():
            parts = ", ".join(f'"{part}"' for part in words[0].split()[:6])
            yield finding_at(
                manifest,
                ("experimental", key),
                rule=ID,
                severity=Severity.WARNING,
                message=f"{quote(words[0])} is one word here, not a command and its arguments",
                hint=f"Write {key} = [{parts}].",
            )
