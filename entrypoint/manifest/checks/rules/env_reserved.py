"""Variables that Fly sets itself (docs/rules/env-reserved.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "env-reserved"
SUMMARY = "A variable in [env] is overwritten, or begins with FLY_, which is Fly's own."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl accepts all of them, and overwrites two."""
    for name, value in manifest.table("env").items():
        if name == "FLY_PROCESS_GROUP":
            message, hint = "FLY_PROCESS_GROUP is always overwritten with the group's name", "Remove it."
        elif name == "PRIMARY_REGION" and manifest.primary_region not in (None, value):
            message = f"PRIMARY_REGION is overwritten with primary_region, {quote(manifest.primary_region)}"
            hint = "Remove it; the release command runs in primary_region too."
        elif name.startswith("FLY_"):
            message, hint = (
                f"names like {quote(name)} are Fly's own",
                "Choose one that does not begin with FLY_.",
            )
        else:
            continue
        yield finding_at(
            manifest,
            ("env", name),
            rule=ID,
            severity=Severity.WARNING,
            message=message,
            hint=hint,
            on_key=True,
        )
