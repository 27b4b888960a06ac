"""flightplan.toml, read."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from entrypoint.kernel.findings import Span
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.run import OnFailure

if TYPE_CHECKING:  # most apps have no flightplan.toml
    from entrypoint.kernel.verify import Verify
    from entrypoint.manifest.policy.groups import GroupPolicy

MOST_NOTE = 500
"""Characters of `[comment] note`."""
MOST_GB = 500
"""The largest volume that Fly creates (https://fly.io/docs/volumes/overview/)."""


class AddressMode(StrEnum):
    """`[network] addresses`: what an app with services gets with its first deploy."""

    SHARED = "shared"
    """A public v6 and a shared v4."""
    DEDICATED = "dedicated"
    """A public v6 and a v4 of its own, which costs money."""
    PRIVATE = "private"
    """Flycast: a private v6."""
    NONE = "none"


class Level(NamedTuple):
    """The level of a rule in `[rules]`: off, or a severity; with its position."""

    level: str
    file: str
    span: Span


class Policy(NamedTuple):
    """The whole file; empty without a file."""

    groups: Mapping[GroupName, GroupPolicy] = {}
    order: tuple[tuple[GroupName, ...], ...] = ()
    on_failure: OnFailure | None = None
    logs: bool = False
    """Whether the last lines of a machine that failed go into the job's log."""
    addresses: AddressMode | None = None
    """What an app gets with its first deploy; None is SHARED."""
    verify: Verify | None = None
    note: str = ""
    """`[comment] note`: a text for those who read a plan. Foreign text."""
    rules: Mapping[str, Level] = {}
