"""How a deploy goes from the old machines to the new ones, by flyctl's names (https://fly.io/docs/launch/deploy/#deployment-strategies)."""

from __future__ import annotations

from enum import StrEnum


class Strategy(StrEnum):
    """`[deploy].strategy`, and the input of that name."""

    ROLLING = "rolling"
    """In place, one machine first and then a few at a time."""
    IMMEDIATE = "immediate"
    """In place, all at once; then the checks of all are waited for."""
    CANARY = "canary"
    """One extra machine a group first, then rolling."""
    BLUEGREEN = "bluegreen"
    """New machines beside the old ones, which go when all new ones are healthy."""

    @classmethod
    def named(cls, text: str) -> Strategy | None:
        """The strategy of that name; None for any other text."""
        return _BY_NAME.get(text)


_BY_NAME = {strategy.value: strategy for strategy in Strategy}
DEFAULT_STRATEGY = Strategy.ROLLING
"""flyctl deploy/machines.go, where nothing says another."""
