"""What changes, field by field. Machines with the same changes are shown together."""

from __future__ import annotations

from collections import Counter
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
_MOST_STRUCTURE = 110
"""Characters. A longer service, check or list that is added or removed is shown with one line for each part."""
MOST_GROUPS = 12
"""Groups that are named in the title of one diff."""
SHORT = 12
"""Lines. Diffs of fewer lines in total are not folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Field changes, and the machines that share them."""

    machines: Md
    diff: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alike:
    machines: Mapping[str, int]
    """The number of machines in each group."""
    changes: tuple[FieldChange, ...]


def field_changes(plan: Plan, *, most: int, most_commands: int) -> tuple[tuple[Changes, ...], int]:
    """The changes, with at most so many fields and so many commands; and how many are left out."""
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


def is_short(changes: Sequence[Changes]) -> bool:
    """Whether all diffs together are short enough to be shown unfolded."""
    return sum(part.diff.count("\n") - 1 for part in changes) <= SHORT


def change_lines(changes: Sequence[FieldChange]) -> Iterator[str]:
    """The lines of a diff: a field's name, the old value, the new value."""
    for change in changes:
        for part in _lines(change):
            yield from part


def _part(alike: _Alike, lines: list[str]) -> Changes:
    machines = [f"**{name(group)}** · {count(n, 'machine')}" for group, n in alike.machines.items()]
    if (more := len(machines) - MOST_GROUPS) > 0:
        machines = [*machines[:MOST_GROUPS], f"and {count(more, 'more group')}"]
    return Changes(machines=Md(", ".join(machines)), diff=fence(lines, language="diff"))


def _alike(plan: Plan) -> Iterator[_Alike]:
    shared: dict[tuple[str, ...], tuple[tuple[FieldChange, ...], Counter[str]]] = {}
    for group in plan.groups:
        for step in group.steps:
            if isinstance(step, Update | Create) and not is_done(step) and step.changes:
                key = tuple(change_lines(step.changes))
                shared.setdefault(key, (step.changes, Counter()))[1][group.name] += 1
    for changes, machines in shared.values():
        yield _Alike(machines=machines, changes=changes)


def _is_command(change: FieldChange) -> bool:
    """Whether it changes what a machine runs. Such changes are left out last."""
    return change.path[:1] == ("init",)


def _lines(change: FieldChange) -> Iterator[tuple[str, ...]]:
    """The lines of one change; of a long value, lines for each part that differs."""
    if change.redacted:
        yield _name(change.path), f"~ ({change.kind.value}; values are never shown)"
        return
    for kind, path, before, after in _parts(change):
        match kind:
            case ChangeKind.ADDED:
                yield _name(path), *(f"+ {text}" for text in _spread(after))
            case ChangeKind.REMOVED:
                yield _name(path), *(f"- {text}" for text in _spread(before))
            case ChangeKind.CHANGED:
                old, new = shown_pair(before, after)
                yield _name(path), f"- {old}", f"+ {new}"
            case _:
                assert_never(kind)


def _name(path: Sequence[str]) -> str:
    return f"  {'.'.join(path)[:_MOST_PATH]}"


def _parts(change: FieldChange) -> Iterator[tuple[ChangeKind, tuple[str, ...], Json, Json]]:
    """The change itself if both sides fit on a line; else the differences inside it, so that no value is cut."""
    if (
        change.kind is not ChangeKind.CHANGED
        or max(len(canonical(change.before)), len(canonical(change.after))) <= MOST
    ):
        yield change.kind, change.path, change.before, change.after
        return
    old, new = dict(_leaves(change.path, change.before)), dict(_leaves(change.path, change.after))
    for path in dict.fromkeys((*old, *new)):
        if path not in old:
            yield ChangeKind.ADDED, path, None, new[path]
        elif path not in new:
            yield ChangeKind.REMOVED, path, old[path], None
        elif old[path] != new[path]:
            yield ChangeKind.CHANGED, path, old[path], new[path]


def _spread(value: Json, path: tuple[str, ...] = ()) -> Iterator[str]:
    """One value; of a structure longer than a line, each part. For example: 0.internal_port = 8080."""
    parts: Iterator[tuple[str, Json]] | None = None
    if value and len(canonical(value)) > _MOST_STRUCTURE:
        if isinstance(value, Mapping):
            parts = iter(value.items())
        elif isinstance(value, Sequence) and not isinstance(value, str) and not _is_flat(value):
            parts = ((str(index), inner) for index, inner in enumerate(value))
    if parts is None:
        yield f"{'.'.join(path)} = {shown(value)}" if path else shown(value)
        return
    for key, inner in parts:
        yield from _spread(inner, (*path, key))


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
    """Whether it is a list of words or numbers that fits on a line."""
    return len(canonical(list(values))) <= MOST and not any(
        isinstance(v, Mapping | list | tuple) for v in values
    )
