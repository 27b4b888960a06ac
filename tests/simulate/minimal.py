"""A failing schedule, reduced to the faults that it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.simulate.schedule import Schedule


def lessen(schedule: Schedule, *, fails: Callable[[Schedule], bool]) -> Schedule:
    """Leave out one fault after the other, and the pause, as long as it still fails."""
    if schedule.pause and fails(shorter := replace(schedule, pause=0.0)):
        schedule = shorter
    at = 0
    while at < len(schedule.misfortunes):
        less = replace(schedule, misfortunes=schedule.misfortunes[:at] + schedule.misfortunes[at + 1 :])
        if fails(less):
            schedule = less
        else:
            at += 1
    return schedule
