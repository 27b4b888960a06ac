"""Hide secrets in the log: `::add-mask::`."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.adapters.tokens import secret_parts
from entrypoint.kernel.secrets import Secret
from entrypoint.report.findings.annotations import escape_data


def mask(secret: str) -> Iterator[str]:
    """Hide a secret in the log, as it was given, without a scheme, and each comma-separated part. One command a line."""
    pieces = (secret, *secret_parts(Secret(secret)))
    for line in dict.fromkeys(line.strip() for piece in pieces for line in piece.splitlines()):
        if line:
            yield f"::add-mask::{escape_data(line)}"
