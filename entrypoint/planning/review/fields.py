"""The fields of fly.toml and flightplan.toml as plain data, for a three-way comparison.

Comments, the order of keys and the spelling of values do not count. Scalars keep their type: `1`, `1.0`, `true` and `"1"` are four
different values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias, final

from entrypoint.kernel.json import Json, canonical
from entrypoint.manifest.syntax.toml import parse_toml
from entrypoint.manifest.syntax.tree import Node, Source


@final
class Absent:
    """There is no such field."""


ABSENT: Final = Absent()
Tree: TypeAlias = "dict[str, Tree] | list[Tree] | str"
"""A scalar is its type and its value as one text."""
Side: TypeAlias = "Tree | Absent"
Path: TypeAlias = "tuple[str, ...]"


_LONGEST_INDEX = 10
"""Digits. A longer number is a key, not an index: Python refuses to read a number of thousands of digits."""


def read_fields(text: str) -> Tree | None:
    """The data of a TOML text, read like fly.toml; None if it is not TOML."""
    source = parse_toml(text, file="")
    return _plain(source.root) if isinstance(source, Source) else None


def field_line(text: str, path: Path) -> int | None:
    """The line of a field, or of the nearest table around it that has one."""
    source = parse_toml(text, file="")
    if not isinstance(source, Source):
        return None
    node = None
    for length in range(len(path), 0, -1):
        parts = tuple(
            int(part) if part.isdecimal() and len(part) < _LONGEST_INDEX else part for part in path[:length]
        )
        node = source.find(path[:length]) or source.find(parts)
        if node is not None:
            return source.key_span(node).line
    return None


def _plain(node: Node) -> Tree:
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(child) for child in node.value]
    return f"{type(node.value).__name__} {node.value!r}"


def merged(parent: Side, head: Side, base: Side, now: Side) -> Side:
    """The value of a field after a merge of `head` into `parent`, where `base` is the value at their merge base.

    It is the parent's if the head did not change it, else the head's. If both changed an array of the same length on all sides, its
    elements are merged one by one. For other arrays each element must occur as often as the changes of both sides give, in the order of
    either side. Several results are possible then; `now` is returned if it is one of them.
    """
    if head == base:
        return parent
    if parent in (base, head):
        return head
    if all(isinstance(side, dict | Absent) for side in (parent, head, base)):
        return _merged_tables(parent, head, base, now)
    if (
        isinstance(parent, list)
        and isinstance(head, list)
        and isinstance(base, list)
        and isinstance(now, list)
    ):
        if len({len(parent), len(head), len(base), len(now)}) == 1:
            return [_present(merged(*sides)) for sides in zip(parent, head, base, now, strict=True)]
        return now if _is_array_merge(parent, head, base, now) else head
    return head


def _present(side: Side) -> Tree:
    """The element. It exists on all sides, so a merge cannot remove it."""
    assert not isinstance(side, Absent)
    return side


def _merged_tables(parent: Side, head: Side, base: Side, now: Side) -> Side:
    keys = {key for side in (parent, head, base) if isinstance(side, dict) for key in side}
    result = {}
    for key in sorted(keys):
        value = merged(*(_get(side, key) for side in (parent, head, base, now)))
        if not isinstance(value, Absent):
            result[key] = value
    decides = parent if isinstance(head, Absent) == isinstance(base, Absent) else head
    return ABSENT if not result and isinstance(decides, Absent) else result


def _get(side: Side, key: str) -> Side:
    return side.get(key, ABSENT) if isinstance(side, dict) else ABSENT


def _is_array_merge(
    parent: Sequence[Tree], head: Sequence[Tree], base: Sequence[Tree], now: Sequence[Tree]
) -> bool:
    """Whether `now` has each element as often as the changes of both sides give, in the order of each side."""
    sides = [[_identity(item) for item in side] for side in (parent, head, base, now)]
    ours, theirs, was, found = (Counter(side) for side in sides)
    counts = {item: _merged_count(ours[item], theirs[item], was[item]) for item in {*ours, *theirs, *was}}
    if found != +Counter(counts):
        return False
    return all(
        _is_subsequence([item for item in side if count[item] == counts[item]], sides[3])
        for side, count in ((sides[0], ours), (sides[1], theirs))
    )


def _merged_count(parent: int, head: int, base: int) -> int:
    if head == base:
        return parent
    return head if parent in (base, head) else parent + head - base


def _identity(tree: Tree) -> str:
    return canonical(_json(tree))


def _json(tree: Tree) -> Json:
    if isinstance(tree, dict):
        return {key: _json(value) for key, value in tree.items()}
    return [_json(item) for item in tree] if isinstance(tree, list) else tree


def _is_subsequence(items: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(any(item == other for other in rest) for item in items)


def differing(one: Side, other: Side) -> tuple[Path, ...]:
    """The paths of all fields in which two sides differ, in order."""
    return tuple(_differing(one, other, ()))


def _differing(one: Side, other: Side, path: Path) -> Iterator[Path]:
    if one == other:
        return
    if isinstance(one, dict | Absent) and isinstance(other, dict | Absent):
        keys = {key for side in (one, other) if isinstance(side, dict) for key in side}
        for key in sorted(keys):
            yield from _differing(_get(one, key), _get(other, key), (*path, key))
        if not keys:
            yield path
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _differing(left, right, (*path, str(index)))
    else:
        yield path
