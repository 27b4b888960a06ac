"""The forecast in words."""

from __future__ import annotations

from collections.abc import Callable

from entrypoint.kernel.durations import about_in_words
from entrypoint.planning.model.forecast import Seconds
from entrypoint.planning.model.plan import Plan

_WIDE = 3.0
"""If the high figure is so many times the low one, both are shown."""


def duration(plan: Plan) -> str:
    """For example: about 1 min 50 s. Empty if nothing happens."""
    return _with_release(plan, span)


def expected(plan: Plan) -> str:
    """The same without its range, to compare with the real duration."""
    return _with_release(plan, lambda found: f"about {about_in_words(found.likely)}")


def _with_release(plan: Plan, words: Callable[[Seconds], str]) -> str:
    """The words with the release command added. Empty if there is no forecast, because only volumes grow."""
    if plan.forecast is None or not plan.has_changes or not plan.forecast.total.high:
        return ""
    return (
        f"{words(plan.forecast.total)} and the release command"
        if plan.release is not None
        else words(plan.forecast.total)
    )


def span(found: Seconds) -> str:
    """An estimate, with its range if that is wide."""
    words = f"about {about_in_words(found.likely)}"
    wide = found.high >= _WIDE * max(found.low, 1.0)
    return f"{words} ({about_in_words(found.low)} to {about_in_words(found.high)})" if wide else words
