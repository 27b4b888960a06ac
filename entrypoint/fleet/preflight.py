"""What Fly says before a deploy about secrets, capacity and the token. adapters/machines/preflight/ reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSecret:
    """A secret of the app, without its value. Foreign text."""

    name: str
    set_at: int
    """Milliseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRights:
    """What our token may do with the app. None: unknown."""

    writes: bool | None
    expires_at: int | None
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOwner:
    """Who owns our token. Foreign text."""

    organization: str
    apps: tuple[str, ...]
    """The apps that it gives access to; empty where the API does not list them."""
    user: str
    """The person, for a personal token; empty for a deploy token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Machines of one size that need capacity in one region. An empty region: Fly chooses."""

    organization: str
    region: Region
    guest: Mapping[str, Json]
    count: int
    volume_name: str
    """The name of the volumes that they mount; empty for machines without."""
