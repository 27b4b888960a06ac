"""The fields in which two configs differ, without values that may be secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import TypeAlias

from entrypoint.fleet.normalise import DURATION_KEYS, NormalConfig, normal_config, without_added
from entrypoint.kernel.durations import format_duration
from entrypoint.kernel.json import OBJECT, Json, canonical
from entrypoint.kernel.redaction import HIDDEN, is_private_key, is_private_path
from entrypoint.planning.model.steps import ChangeKind, FieldChange


class _Absent(Enum):
    """Stands for a key that does not exist on one side. (null is a value.)"""

    ABSENT = auto()


_MISSING = _Absent.ABSENT
_Side: TypeAlias = "Json | _Absent"
_WHOLE = frozenset({("init", "cmd"), ("init", "entrypoint"), ("init", "exec"), ("standbys",)})
"""Lists that are shown as one value."""


def diff_configs(before: Mapping[str, Json], after: Mapping[str, Json]) -> tuple[FieldChange, ...]:
    """Every value that differs, by path. The image is not compared here, but by its digest (fleet/images.py)."""
    return tuple(_diff(normal_config(before), normal_config(after), ()))


def changes_of_write(live: Mapping[str, Json], wanted: Mapping[str, Json]) -> tuple[FieldChange, ...]:
    """What changes where `wanted` is written to a machine, or to a new one in its place."""
    return changes_of_normal(normal_config(live), normal_config(wanted))


def changes_of_normal(live: NormalConfig, wanted: NormalConfig) -> tuple[FieldChange, ...]:
    """`changes_of_write` for two configs in normal form. What the platform has added by itself is no change: it will do so again."""
    return tuple(_diff(live if live == wanted else without_added(live, wanted), wanted, ()))


def _diff(before: _Side, after: _Side, path: tuple[str, ...]) -> Iterator[FieldChange]:
    if before is not _MISSING and after is not _MISSING and _are_same(before, after):
        return
    if path[-1:] == ("headers",):  # list each header that is added or removed: names are not secret
        before = [] if before is _MISSING and isinstance(after, list) else before
        after = [] if after is _MISSING and isinstance(before, list) else after
    if isinstance(before, OBJECT) and isinstance(after, OBJECT):
        for key in sorted(set(before) | set(after)):
            yield from _diff(before.get(key, _MISSING), after.get(key, _MISSING), (*path, key))
    elif (
        isinstance(before, list)
        and isinstance(after, list)
        and path not in _WHOLE
        and _has_objects(before, after)
    ):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else _MISSING
            new = after[index] if index < len(after) else _MISSING
            yield from _diff(old, new, (*path, str(index)))
    elif before is _MISSING and isinstance(after, Mapping) and after:
        for key in sorted(after):
            yield from _diff(_MISSING, after[key], (*path, key))
    elif after is _MISSING and isinstance(before, Mapping) and before:
        for key in sorted(before):
            yield from _diff(before[key], _MISSING, (*path, key))
    else:
        yield _leaf(before, after, path)


def _are_same(before: Json, after: Json) -> bool:
    """To Python, 1 is True and 1.0; in JSON it is neither. Most of what differs does so for Python, too, which tells it sooner."""
    return before == after and canonical(before) == canonical(after)


def _has_objects(*lists: list[Json]) -> bool:
    return any(isinstance(item, Mapping) for items in lists for item in items)


def _leaf(before: _Side, after: _Side, path: tuple[str, ...]) -> FieldChange:
    if before is _MISSING:
        kind = ChangeKind.ADDED
    elif after is _MISSING:
        kind = ChangeKind.REMOVED
    else:
        kind = ChangeKind.CHANGED
    redacted = is_private_path(path) and not _is_header_name(before, after, path)
    return FieldChange(
        path=path,
        kind=kind,
        before=None if redacted else _show(before, path[-1]),
        after=None if redacted else _show(after, path[-1]),
        redacted=redacted,
    )


def _is_header_name(before: _Side, after: _Side, path: tuple[str, ...]) -> bool:
    """Whether this is a name in a check's `headers`, a list of names with values. A name is not secret."""
    is_name = (
        len(path) > 2 and path[-3] == "headers" and path[-1] == "name" and not is_private_path(path[:-3])
    )
    return is_name and all(side is _MISSING or isinstance(side, str) for side in (before, after))


def _show(value: _Side, key: str) -> Json:
    """One side of a change as it is shown: durations as text, values that may be secret hidden."""
    if value is _MISSING:
        return None
    if isinstance(value, Mapping):
        return {k: _hidden(v) if is_private_key(k) else _show(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_show(item, "") for item in value]
    if key in DURATION_KEYS and isinstance(value, int) and not isinstance(value, bool):
        return format_duration(value)
    assert value is None or isinstance(value, str | int | float | bool)
    return value


def _hidden(value: Json) -> Json:
    """The value hidden, with the names of variables and headers kept."""
    if isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)
    if isinstance(value, list) and any(isinstance(item, Mapping) and "name" in item for item in value):
        return [
            {"name": str(item["name"]), "values": HIDDEN}
            if isinstance(item, Mapping) and "name" in item
            else HIDDEN
            for item in value
        ]
    return HIDDEN
