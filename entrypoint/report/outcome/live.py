"""The rollout's log while it runs: one line for each state change of a machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from entrypoint.kernel.durations import seconds_in_words
from entrypoint.planning.model.plan import Plan
from entrypoint.report.text.escape import plain
from entrypoint.report.text.words import short_id
from entrypoint.rollout.progress import MachineEvent

_BEFORE = "Before the machines: volumes, addresses, release command"
_SECTIONS = {
    "release": _BEFORE,
    "snapshot": _BEFORE,
    "volume": _BEFORE,
    "address": _BEFORE,
    "rollback": "Rollback",
}
"""The section of a topic. Other topics are in no section."""
SHORT = 8
"""Characters of a machine id that are shown."""


class LiveLog:
    """Implements rollout.progress.Progress: aligned lines, in a section for each stage. Failures are outside of sections, which GitHub folds."""

    def __init__(self, write: Callable[[str], None], *, section: Callable[[str], None]) -> None:
        self._write = write
        self._begin_section = section
        self._section = ""
        self._stages: Sequence[Sequence[str]] = ()
        self._stage = -1
        self._width = 9

    def begin(self, plan: Plan, *, by: str, headline: str) -> None:
        """Write the first line. Column widths follow from the plan's groups."""
        self._width = max([9, *(len(group.name) for group in plan.groups)])
        self._write(f"{plan.app}  plan {short_id(plan.digests.plan)}  approved by {plain(by)}  {headline}")
        self._write("")
        self._stages = [list(dict.fromkeys(lane.group for lane in stage.lanes)) for stage in plan.stages]

    def machine(self, event: MachineEvent) -> None:
        """Write a line such as: web  148ed21a  ams  1/1 checks  ✔ 21 s"""
        self._enter("" if event.final and not event.ok else self._title(event.group))
        end = f"{'✔' if event.ok else '✖'} {seconds_in_words(event.seconds)}" if event.final else ""
        note = f"  {plain(event.note)}" if event.note else ""
        self._write(
            f"{plain(event.group):{self._width}}  {event.machine[:SHORT]:{SHORT}}  {plain(event.region):4}  {plain(event.what):28} {end}{note}".rstrip()
        )

    def say(self, topic: str, text: str, *, ok: bool | None = None, seconds: float | None = None) -> None:
        """Write a line such as: release  bin/migrate  ✔ 6 s"""
        self._enter(_SECTIONS.get(topic, ""))
        mark = "" if ok is None else "✔" if ok else "✖"
        took = f" {round(seconds)} s" if seconds is not None else ""
        self._write(f"{topic:{self._width}}  {plain(text):44} {mark}{took}".rstrip())

    def _title(self, group: str) -> str:
        """The title of the stage that the group is in: the first one, from the present stage on, that has the group."""
        ahead = range(max(self._stage, 0), len(self._stages))
        self._stage = next((number for number in ahead if group in self._stages[number]), self._stage)
        groups = self._stages[self._stage] if 0 <= self._stage < len(self._stages) else [group]
        return f"Stage {self._stage + 1} of {len(self._stages)}: {', '.join(plain(name) for name in groups)}"

    def _enter(self, section: str) -> None:
        if section != self._section:
            self._section = section
            self._begin_section(section)
