"""How long a deploy is likely to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """An estimate with bounds. If something fails, it may take longer."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(
            low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high
        )

    def longest(self, other: Seconds) -> Seconds:
        """The duration of two things that run side by side."""
        return Seconds(
            low=max(self.low, other.low),
            likely=max(self.likely, other.likely),
            high=max(self.high, other.high),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`stages` are in the plan's order, without the release command and the bake of [verify]."""

    stages: tuple[Seconds, ...]
    groups: Mapping[GroupName, Seconds]
    """How long the update of a group takes, from its first wave to its last."""
    total: Seconds
    """Includes the bake, but not the release command, whose duration is unknown."""
    measured: bool
    """Whether it is based, for at least one group, on how long its machines took last time; else only on settings."""
