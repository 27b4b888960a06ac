"""Hides secrets in the log, with `::add-mask::`."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.adapters.tokens import secret_parts
from entrypoint.kernel.secrets import Secret
from entrypoint.report.findings.annotations import escape_data


def mask(secret: str) -> Iterator[str]:
    """The commands that hide a secret: as given, without its scheme, and each comma-separated part. One for each line."""
    pieces = (secret, *secret_parts(Secret(secret)))
    for line in dict.fromkeys(line.strip() for piece in pieces for line in piece.splitlines()):
        if line:
            yield f"::add-mask::{escape_data(line)}"
