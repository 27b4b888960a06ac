"""What changes, field by field: machines that change alike are told together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from entrypoint.kernel.json import Json, canonical
from entrypoint.planning.model.plan import Plan
from entrypoint.planning.model.steps import ChangeKind, Create, FieldChange, Update, is_done
from entrypoint.report.text.escape import Md, fence
from entrypoint.report.text.names import name
from entrypoint.report.text.values import MOST, shown, shown_pair
from entrypoint.report.text.words import count

_MOST_PATH = 200
"""Characters of a field's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The field changes that some machines of a group share."""

    group: Md
    machines: Md
    diff: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alike:
    group: str
    machines: int
    changes: tuple[FieldChange, ...]


def field_changes(plan: Plan, *, most: int, most_commands: int) -> tuple[tuple[Changes, ...], int]:
    """At most so many fields, and of commands so many; and how many are left out."""
    shown_parts, left_out = [], 0
    commands = others = 0
    for alike in _alike(plan):
        lines: list[str] = []
        for change in alike.changes:
            for part in _lines(change):
                if _is_command(change):
                    commands += 1
                    fits = commands <= most_commands
                else:
                    others += 1
                    fits = others <= most
                left_out += not fits
                lines += part if fits else ()
        if lines:
            shown_parts.append(_part(alike, lines))
    return tuple(shown_parts), left_out


def change_lines(changes: Sequence[FieldChange]) -> Iterator[str]:
    """The lines of a diff: a field's name, then what goes and what comes."""
    for change in changes:
        for part in _lines(change):
            yield from part


def _part(alike: _Alike, lines: list[str]) -> Changes:
    return Changes(
        group=name(alike.group),
        machines=Md(count(alike.machines, "machine")),
        diff=fence(lines, language="diff"),
    )


def _alike(plan: Plan) -> Iterator[_Alike]:
    for group in plan.groups:
        shared: dict[tuple[str, ...], tuple[tuple[FieldChange, ...], int]] = {}
        for step in group.steps:
            if isinstance(step, Update | Create) and not is_done(step) and step.changes:
                key = tuple(change_lines(step.changes))
                shared[key] = (step.changes, shared.get(key, ((), 0))[1] + 1)
        for changes, number in shared.values():
            yield _Alike(group=group.name, machines=number, changes=changes)


def _is_command(change: FieldChange) -> bool:
    """What a machine runs: of too many fields these are the last to go."""
    return change.path[:1] == ("init",)


def _lines(change: FieldChange) -> Iterator[tuple[str, ...]]:
    """A field by itself, or of a long one each part that differs."""
    if change.redacted:
        yield _name(change.path), f"~ ({change.kind.value}; values are never shown)"
        return
    for path, before, after in _parts(change):
        match change.kind:
            case ChangeKind.ADDED:
                yield _name(path), f"+ {shown(after)}"
            case ChangeKind.REMOVED:
                yield _name(path), f"- {shown(before)}"
            case ChangeKind.CHANGED:
                old, new = shown_pair(before, after)
                yield _name(path), f"- {old}", f"+ {new}"
            case _:
                assert_never(change.kind)


def _name(path: Sequence[str]) -> str:
    return f"  {'.'.join(path)[:_MOST_PATH]}"


def _parts(change: FieldChange) -> Iterator[tuple[tuple[str, ...], Json, Json]]:
    """The change itself where both sides fit a line, else what differs inside it: nothing is cut away in the middle of a value."""
    if max(len(canonical(change.before)), len(canonical(change.after))) <= MOST:
        yield change.path, change.before, change.after
        return
    old, new = dict(_leaves(change.path, change.before)), dict(_leaves(change.path, change.after))
    for path in dict.fromkeys((*old, *new)):
        before, after = old.get(path), new.get(path)
        if before != after or (path in old) != (path in new):
            yield path, before, after


def _leaves(path: tuple[str, ...], value: Json) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves((*path, key), inner)
    elif isinstance(value, Sequence) and not isinstance(value, str) and value and not _is_flat(value):
        for index, inner in enumerate(value):
            yield from _leaves((*path, str(index)), inner)
    elif value is not None:
        yield path, value


def _is_flat(values: Sequence[Json]) -> bool:
    """A list of words or numbers that fits a line."""
    return len(canonical(list(values))) <= MOST and not any(
        isinstance(v, Mapping | list | tuple) for v in values
    )
