"""Keys in another case (docs/rules/key-case.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "key-case"
SUMMARY = "A key is spelt with other capitals than flyctl's own."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Go's JSON decoder accepts it, but flyctl's migrations before it do not: [Env] with a number fails, [env] works."""
    for path, node, name in manifest.respelt:
        yield finding_at(
            manifest,
            path,
            node=node,
            rule=ID,
            severity=Severity.WARNING,
            message=f"{quote(path[-1])} is spelt {quote(name)}",
            hint="flyctl takes it here, but does not convert older forms inside it.",
            on_key=True,
        )
