"""Hide secrets in the log: `::add-mask::`."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.report.annotations import escape_data


def mask(secret: str) -> Iterator[str]:
    """Hide a secret, and each comma-separated part of it, in the log. One command a line."""
    pieces = [secret, *secret.removeprefix("FlyV1 ").split(",")]
    for line in dict.fromkeys(line.strip() for piece in pieces for line in piece.splitlines()):
        if line:
            yield f"::add-mask::{escape_data(line)}"
