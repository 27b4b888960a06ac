"""What flightplan.toml says about a group, and the parser of the input `scale`, which overrides its counts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from entrypoint.kernel.findings import Span
from entrypoint.kernel.ids import GroupName, Region

Count = int | Mapping[Region, int]
MOST_MACHINES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPolicy:
    """`[groups.NAME]`."""

    count: Count | None = None
    max_unavailable: float | None = None
    singleton: bool = False
    when_empty: str = "create"
    start: bool = False
    snapshot: bool = False
    """Take a snapshot of each volume before a deploy changes anything."""
    volume_size: int | None = None
    """GB. New volumes get this size; smaller ones are extended to it."""
    drain: bool = False


class Mention(NamedTuple):
    """A group's name in flightplan.toml, with its position."""

    group: GroupName
    file: str
    span: Span
    path: str


def parse_scale(text: str) -> dict[GroupName, Count]:
    """`web=2 worker=1`, or by region `web=iad:2,gru:1`. Raises ValueError."""
    result: dict[GroupName, Count] = {}
    for word in text.split():
        group, equals, value = word.partition("=")
        if not equals or not group or not value:
            raise ValueError(f"{word!r} is not GROUP=COUNT")
        if group in result:
            raise ValueError(f"{group!r} is named twice")
        result[GroupName(group)] = _scale_value(word, value)
    return result


def _scale_value(word: str, value: str) -> Count:
    if ":" not in value:
        return _scale_count(word, value)
    regions: dict[Region, int] = {}
    for part in value.split(","):
        region, _, count = part.partition(":")
        if not re.fullmatch(r"[a-z]{3}", region) or region in regions:
            raise ValueError(f"{word!r}: {part!r} is not REGION:COUNT, each region once")
        regions[Region(region)] = _scale_count(word, count)
    return regions


def _scale_count(word: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", value) or int(value) > MOST_MACHINES:
        raise ValueError(f"{word!r}: a count is a whole number from 0 to {MOST_MACHINES}")
    return int(value)
