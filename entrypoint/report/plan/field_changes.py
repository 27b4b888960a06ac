"""What changes, field by field: machines that change alike are told together."""

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
"""Characters of a service, a check or a list of such that one line holds: of a longer one that comes or goes each part has a line."""
MOST_GROUPS = 12
"""Groups that are named above one diff."""
SHORT = 12
"""Lines of all diffs together that need no fold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The field changes that some machines share: whose they are, and which."""

    machines: Md
    diff: Md


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alike:
    machines: Mapping[str, int]
    """How many of each group."""
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


def is_short(changes: Sequence[Changes]) -> bool:
    """Whether all diffs together are so short that nobody should have to open them."""
    return sum(part.diff.count("\n") - 1 for part in changes) <= SHORT


def change_lines(changes: Sequence[FieldChange]) -> Iterator[str]:
    """The lines of a diff: a field's name, then what goes and what comes."""
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
    """What a machine runs: of too many fields these are the last to go."""
    return change.path[:1] == ("init",)


def _lines(change: FieldChange) -> Iterator[tuple[str, ...]]:
    """A field by itself, or of a long one each part that differs."""
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
    """The change itself where both sides fit a line, else what differs inside it: nothing is cut away in the middle of a value."""
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
    """One value; of a structure that is longer than a line each part, as in: 0.internal_port = 8080."""
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
    """A list of words or numbers that fits a line."""
    return len(canonical(list(values))) <= MOST and not any(
        isinstance(v, Mapping | list | tuple) for v in values
    )
