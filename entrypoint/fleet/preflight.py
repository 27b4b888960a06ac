"""What the Machines API says about secrets, leases, capacity and the token before a deploy. Read by adapters/machines/preflight/."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecret:
    """A secret of the app: never its value. Foreign text."""

    name: str
    set_at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRights:
    """What our token may do with the app. None: not known."""

    writes: bool | None
    expires_at: int | None
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOwner:
    """Whose our token is. Foreign text."""

    organization: str
    apps: tuple[str, ...]
    """Those that it opens, where the API lists them."""
    user: str
    """Of a person's own token; empty for a deploy token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Machines of one size that are to find a place in one region; an empty region leaves the choice to Fly."""

    organization: str
    region: Region
    guest: Mapping[str, Json]
    count: int
    volume_name: str
    """Of the volumes that they mount; empty for machines without."""
