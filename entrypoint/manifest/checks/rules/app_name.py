"""Names of apps (docs/rules/app-name.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "app-name"
SUMMARY = "The app has a name that no app on Fly can have, such as a placeholder."
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def check(manifest: Manifest) -> Iterator[Finding]:
    """No error: the input `app` may name another."""
    if manifest.app and not _NAME.fullmatch(manifest.app):
        yield finding_at(
            manifest,
            ("app",),
            rule=ID,
            severity=Severity.WARNING,
            message=f"no app can have the name {quote(manifest.app)}",
            hint="Names are lower-case letters, digits and dashes.",
        )
