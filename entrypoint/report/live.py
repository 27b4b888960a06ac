"""The rollout's log while it runs: one line for each state change of a machine."""

from __future__ import annotations

from collections.abc import Callable

from entrypoint.kernel.durations import seconds_in_words
from entrypoint.planning.model.plan import Plan
from entrypoint.report.escape import plain
from entrypoint.report.words import short_id
from entrypoint.rollout.progress import MachineEvent

SHORT = 8
"""Characters of a machine id that are shown."""


class LiveLog:
    """rollout.progress.Progress that writes aligned lines."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._width = 9

    def begin(self, plan: Plan, *, by: str, headline: str) -> None:
        """The first line; column widths follow from the plan's groups."""
        self._width = max([9, *(len(group.name) for group in plan.groups)])
        self._write(f"{plan.app}  plan {short_id(plan.digests.plan)}  approved by {plain(by)}  {headline}")
        self._write("")

    def machine(self, event: MachineEvent) -> None:
        """web  148ed21a  ams  1/1 checks  ✔ 21 s"""
        end = f"{'✔' if event.ok else '✖'} {seconds_in_words(event.seconds)}" if event.final else ""
        note = f"  {plain(event.note)}" if event.note else ""
        self._write(
            f"{plain(event.group):{self._width}}  {event.machine[:SHORT]:{SHORT}}  {plain(event.region):4}  {plain(event.what):28} {end}{note}".rstrip()
        )

    def say(self, topic: str, text: str, *, ok: bool | None = None, seconds: float | None = None) -> None:
        """release  bin/migrate  ✔ 6 s"""
        mark = "" if ok is None else "✔" if ok else "✖"
        took = f" {round(seconds)} s" if seconds is not None else ""
        self._write(f"{topic:{self._width}}  {plain(text):44} {mark}{took}".rstrip())
