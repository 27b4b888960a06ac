"""How a deploy goes from the old machines to the new ones, by flyctl's names (https://fly.io/docs/launch/deploy/#deployment-strategies)."""

from __future__ import annotations

from enum import StrEnum


class Strategy(StrEnum):
    """`[deploy].strategy`, and the input of that name."""

    ROLLING = "rolling"
    """In place, one machine first and then a few at a time."""
    IMMEDIATE = "immediate"
    """In place, all at once. The deploy waits for the checks of all machines afterwards."""
    CANARY = "canary"
    """First one extra machine for each group, then rolling."""
    BLUEGREEN = "bluegreen"
    """New machines beside the old ones. The old ones are destroyed when all new ones are healthy."""

    @classmethod
    def named(cls, text: str) -> Strategy | None:
        """The strategy of that name; None for any other text."""
        return _BY_NAME.get(text)


_BY_NAME = {strategy.value: strategy for strategy in Strategy}
DEFAULT_STRATEGY = Strategy.ROLLING
"""The default in flyctl (internal/command/deploy/machines.go)."""
