"""Secrets in [env] (docs/rules/secret-in-env.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.kernel.redaction import is_token
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "secret-in-env"
SUMMARY = (
    "A variable in [env] or [build.args] looks like a secret, and everybody who reads fly.toml can read it."
)
_NAME = r"(?:^|_)(?:KEY|PRIVATE|SECRET|TOKEN|CREDENTIALS)$|^DATABASE_URL$|SECRET_KEY|PRIVATE_KEY"
_PASSWORDS = r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD)$|^(?:PG|MYSQL_?)(?:PASSWORD|PWD)$"
_PUBLIC = r"PUBLIC|PUBLISHABLE|_KEY_ID$|SITE_KEY|ANON_KEY"
_VALUE = r"[^\s/$<{][^\s]{7,}"
"""Long enough for a secret, and neither a path, a placeholder nor a sentence."""
_SHORT_VALUE = r"[^\s/$<{][^\s]{3,}"
"""The same for a password, which may be short."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl reports this too, for more names (deploy/common_secrets.go). The message does not repeat the value."""
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
    """Whether it looks like a secret, by its value or its name."""
    if not isinstance(value, str):
        return False
    if is_token(value.strip()):
        return True
    key = name.upper()
    if re.search(_PUBLIC, key) or "://" in value:
        return False
    if re.search(_PASSWORDS, key):
        return bool(re.fullmatch(_SHORT_VALUE, value))
    return bool(re.search(_NAME, key) and re.fullmatch(_VALUE, value))
