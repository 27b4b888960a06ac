"""How long it will take, in words."""

from __future__ import annotations

from collections.abc import Callable

from entrypoint.kernel.durations import about_in_words
from entrypoint.planning.model.forecast import Seconds
from entrypoint.planning.model.plan import Plan

_WIDE = 3.0
"""So many times the low figure, and the high one is worth saying too."""


def duration(plan: Plan) -> str:
    """As in: about 1 min 50 s. Empty where nothing happens."""
    return _with_release(plan, span)


def expected(plan: Plan) -> str:
    """The same without its range, to compare with what it took."""
    return _with_release(plan, lambda found: f"about {about_in_words(found.likely)}")


def _with_release(plan: Plan, words: Callable[[Seconds], str]) -> str:
    """Nothing where no time can be told: volumes that grow, and nothing else."""
    if plan.forecast is None or not plan.has_changes or not plan.forecast.total.high:
        return ""
    return (
        f"{words(plan.forecast.total)} and the release command"
        if plan.release is not None
        else words(plan.forecast.total)
    )


def span(found: Seconds) -> str:
    """A guess, with its range where it is wide."""
    words = f"about {about_in_words(found.likely)}"
    wide = found.high >= _WIDE * max(found.low, 1.0)
    return f"{words} ({about_in_words(found.low)} to {about_in_words(found.high)})" if wide else words
