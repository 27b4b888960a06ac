"""Names of process groups (docs/rules/group-name.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "group-name"
SUMMARY = "A process group has a name that flyctl reserves, or one with characters that break commands."
RESERVED = ("fly_app_release_command", "fly_app_test_machine_command", "fly_app_console")
_NAME = r"[A-Za-z0-9_-]+"


def check(manifest: Manifest) -> Iterator[Finding]:
    """Machines of a reserved group do not count as the app's, so every deploy would create new ones."""
    for name in manifest.table("processes"):
        if name in RESERVED:
            severity, message = Severity.ERROR, f"{quote(name)} is a name that flyctl uses itself"
        elif not name:
            severity, message = Severity.ERROR, "a group needs a name"
        elif not re.fullmatch(_NAME, name):
            severity = Severity.WARNING
            message = f"the name {quote(name)} has more than letters, digits, - and _"
        else:
            continue
        yield finding_at(
            manifest,
            ("processes", name),
            rule=ID,
            severity=severity,
            message=message,
            hint="Choose another name. Renaming a group that is live destroys its machines.",
            on_key=True,
        )
