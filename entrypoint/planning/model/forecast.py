"""How long a deploy is likely to take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.ids import GroupName


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """An estimate, with its lower and upper bound unless something goes wrong."""

    low: float = 0.0
    likely: float = 0.0
    high: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(
            low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high
        )

    def longest(self, other: Seconds) -> Seconds:
        """Of two things done side by side."""
        return Seconds(
            low=max(self.low, other.low),
            likely=max(self.likely, other.likely),
            high=max(self.high, other.high),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`stages` in the plan's order. A release command and the bake of [verify] are not in them."""

    stages: tuple[Seconds, ...]
    groups: Mapping[GroupName, Seconds]
    """How long the machines of a group are updated, one wave after the other."""
    total: Seconds
    """With the bake; without the release command, of which nobody knows how long it takes."""
    measured: bool
    """From how long this fleet's machines took the last time, for at least one group; else from its settings alone."""
