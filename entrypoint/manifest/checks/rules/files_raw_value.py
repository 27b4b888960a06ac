"""raw_value that is encoded already (docs/rules/files-raw-value.md)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "files-raw-value"
SUMMARY = "raw_value looks like base64, and flyctl encodes it once more: the file will hold base64."
_BASE64 = r"[A-Za-z0-9+/\s]{8,}={0,2}\s*"


def check(manifest: Manifest) -> Iterator[Finding]:
    """Fly's documentation says that raw_value is base64. flyctl treats it as the text itself (config.go: toMachineFile)."""
    for index, entry in manifest.indexed("files"):
        raw = entry.get("raw_value")
        if isinstance(raw, str) and _looks_encoded(raw):
            yield finding_at(
                manifest,
                ("files", index, "raw_value"),
                rule=ID,
                severity=Severity.WARNING,
                message="this looks like base64, and the file will contain it unchanged",
                hint="Write the content itself.",
            )


def _looks_encoded(raw: str) -> bool:
    packed = "".join(raw.split())
    if not re.fullmatch(_BASE64, raw) or len(packed) % 4:
        return False
    if not (packed.endswith("=") or (re.search("[a-z]", packed) and re.search("[A-Z0-9]", packed))):
        return False
    try:
        return base64.b64decode(packed, validate=True).decode().isprintable() or packed.endswith("=")
    except (binascii.Error, ValueError):
        return False
