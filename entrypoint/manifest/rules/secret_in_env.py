"""Secrets in [env] (docs/rules/secret-in-env.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.rules.sections import finding_at

ID = "secret-in-env"
SUMMARY = "A variable in [env] or [build.args] looks like a secret, and fly.toml is no place for one."
_NAME = re.compile(r"(?:^|_)(?:KEY|PRIVATE|PASSWORD|SECRET|TOKEN)$|^DATABASE_URL$|SECRET_KEY|PRIVATE_KEY")
_PUBLIC = re.compile(r"PUBLIC|PUBLISHABLE|_KEY_ID$|SITE_KEY|ANON_KEY")
_VALUE = re.compile(r"[^\s/$<{][^\s]{7,}")
"""Long enough for a secret, and neither a path, a placeholder nor a sentence."""
_URL_PASSWORD = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@")


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl says so too, for more names (deploy/common_secrets.go). The value is never repeated."""
    for name, value in manifest.table("env").items():
        if _is_secret(name, value):
            yield finding_at(
                manifest,
                ("env", name),
                rule=ID,
                severity=Severity.WARNING,
                message=f"{quote(name)} looks like a secret, and [env] is readable by everyone who reads the file",
                hint="Set it with fly secrets set, and remove it here.",
                on_key=True,
            )
    args = manifest.table("build").get("args")
    for name, value in args.items() if isinstance(args, Mapping) else ():
        if _is_secret(name, value):
            yield finding_at(
                manifest,
                ("build", "args", name),
                rule=ID,
                severity=Severity.WARNING,
                message=f"{quote(name)} looks like a secret, and build args stay in the image",
                hint="Hand it to the build as a build secret.",
                on_key=True,
            )


def _is_secret(name: str, value: Json) -> bool:
    if not isinstance(value, str) or _PUBLIC.search(name.upper()):
        return False
    named = _NAME.search(name.upper()) and "://" not in value and _VALUE.fullmatch(value)
    return bool(named or _URL_PASSWORD.match(value))
