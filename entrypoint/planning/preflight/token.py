"""What the plan's token may do. A plan only reads, but the deploy job often uses the same token."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from entrypoint.fleet.preflight import TokenRights
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.ids import AppName
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.consequences.said import note

SOON = 14 * 86_400
"""Seconds. A token that expires within this time gets a note."""


def note_token(rights: TokenRights, *, app: AppName, now: int) -> Iterator[Finding]:
    """Notes on what the token may do and when it expires. `now`: seconds since 1970."""
    if rights.writes is False:
        yield note(
            "token-read-only",
            f"The Fly token of this plan may read {ticked(app)} but not change it: it cannot deploy.",
            hint="Give the deploy job a token that can deploy: `fly tokens create deploy`.",
        )
    if rights.expires_at is not None and rights.expires_at - now <= SOON:
        day = datetime.fromtimestamp(rights.expires_at, UTC)
        yield note(
            "token-expires",
            f"The Fly token of this plan expires on {day.day} {day:%B %Y at %H:%M} UTC.",
            hint="Make a new one: `fly tokens create deploy`.",
        )
