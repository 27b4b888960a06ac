"""Values in [env] that arrive changed (docs/rules/env-value.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, written
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "env-value"
SUMMARY = "A value in [env] is not a string, and arrives spelt differently."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl makes a string of it with Go's %v: 1.10 becomes 1.1, 1_000 becomes 1000, a list becomes [a b]. The message does not repeat the
    value.
    """
    for name, value in manifest.table("env").items():
        raw = written(manifest, ("env", name))
        if isinstance(value, str) and raw and raw[0] not in "\"'" and raw != value:
            yield finding_at(
                manifest,
                ("env", name),
                rule=ID,
                severity=Severity.WARNING,
                message=f"{quote(name)} does not arrive as it is spelt here: only strings do",
                hint=f'Quote it: {name[:60]} = "…".',
            )
