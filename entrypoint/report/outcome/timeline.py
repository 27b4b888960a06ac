"""A rollout as a picture: when each machine was worked on (https://mermaid.js.org/syntax/gantt.html).

Times are in milliseconds, the only unit that Mermaid reads in the same way for the start and the end of a row. Foreign text cannot break it:
names are reduced to letters, digits and hyphens, and a row begins with text of ours or hexadecimal digits. Labels are short, for phones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrypoint.planning.model.steps import Step
from entrypoint.report.plan.verbs import verb_of
from entrypoint.report.text.escape import Md
from entrypoint.report.text.words import count
from entrypoint.rollout.outcome import Outcome, StepStatus

MOST_ROWS = 30
"""Rows that fit on a screen, including the release command."""
_MOST_NAME = 32
_MOST_ID = 8
"""Characters of a machine's id, as in the log."""
_MOST_TICKS = 4
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
_WORDS = {
    "canary": "canary",
    "cordon": "cordon",
    "create": "new",
    "destroy": "gone",
    "discard": "gone",
    "remove": "gone",
    "replace": "gone",
    "route": "route",
    "start": "start",
    "swap": "gone",
    "update": "",
}
"""The tag of a row, by the verb of its step. Updates have none."""
_TICKS = (
    *((n, "second") for n in (1, 2, 5, 10, 20, 30)),
    *((n, "minute") for n in (1, 2, 5, 10, 20, 30)),
    (1, "hour"),
)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9-]+")
_TAGS = {
    StepStatus.DONE: "done",
    StepStatus.FAILED: "crit",
    StepStatus.UNKNOWN: "active",
    StepStatus.SKIPPED: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    section: str
    label: str
    tag: str
    begin: int
    end: int


def timeline(outcome: Outcome) -> Md:
    """The timeline; empty unless at least two things happened. Failures are never left out."""
    rows = [*_release(outcome), *_steps(outcome)]
    if len(rows) < 2:
        return Md("")
    shown = _chosen(rows)
    lines = ["```mermaid", "gantt", "    dateFormat x", "    axisFormat %s s"]
    lines.append(f"    tickInterval {_tick(max(row.end for row in shown))}")
    section = None
    for row in shown:
        if row.section != section:
            section = row.section
            lines.append(f"    section {section}")
        tag = f"{row.tag}, " if row.tag else ""
        lines.append(f"    {row.label} :{tag}{row.begin * 1000}, {row.end * 1000}")
    lines.append("```")
    hidden = len(rows) - len(shown)
    if hidden:
        lines.append(f"\n… and {count(hidden, 'more machine')}")
    return Md("\n".join(lines))


def _tick(length: int) -> str:
    """The distance of the ticks, so that their labels do not overlap."""
    ticks = (f"{n}{unit}" for n, unit in _TICKS if length <= n * _SECONDS[unit] * _MOST_TICKS)
    return next(ticks, "1day")


def _chosen(rows: Sequence[_Row]) -> list[_Row]:
    """The rows to show: failed ones first, then the earliest; ordered by when their group began."""
    ranked = sorted(rows, key=lambda row: (row.tag != "crit", row.begin))[:MOST_ROWS]
    first: dict[str, int] = {}
    for row in sorted(ranked, key=lambda row: row.begin):
        first.setdefault(row.section, len(first))
    return sorted(ranked, key=lambda row: (first[row.section], row.begin, row.label))


def _release(outcome: Outcome) -> Iterator[_Row]:
    release = outcome.release
    if release is not None and release.seconds > 0:
        tag = "done" if release.exit_code == 0 else "crit"
        yield _row("release", "command", tag, release.began, release.seconds)


def _steps(outcome: Outcome) -> Iterator[_Row]:
    for result in outcome.results:
        if result.status is StepStatus.SKIPPED or result.machine is None:
            continue
        label = _label(result.step, plain_name(result.machine)[:_MOST_ID])
        section = plain_name(result.step.group)
        yield _row(section, label, _TAGS[result.status], result.began, result.seconds)


def _label(step: Step, machine: str) -> str:
    first = machine if _HEXADECIMAL.fullmatch(machine) else f"machine {machine}"
    return " ".join(word for word in (first, plain_name(step.region or "any"), _WORDS[verb_of(step)]) if word)


def _row(section: str, label: str, tag: str, began: float, took: float) -> _Row:
    """One row, of at least one second, because a row without length is not drawn."""
    begin = max(0, round(began))
    return _Row(section=section, label=label, tag=tag, begin=begin, end=max(begin + 1, round(began + took)))


def plain_name(text: str) -> str:
    """Letters, digits and hyphens; never empty."""
    return _NOT_PLAIN.sub("-", text).strip("-")[:_MOST_NAME] or "unnamed"
