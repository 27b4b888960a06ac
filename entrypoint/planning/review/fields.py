"""The fields of a TOML text as plain data: what a three-way comparison of fly.toml and flightplan.toml is made on.

Data, not text: comments, order of keys and spelling do not count. Scalars keep their type, so that `1`, `1.0`, `true` and `"1"`
are four values.
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
"""Digits of a place in an array; a key may be of thousands, and Python refuses to read those as a number."""


def read_fields(text: str) -> Tree | None:
    """The data of a TOML text, read as fly.toml is; None where it is none."""
    source = parse_toml(text, file="")
    return _plain(source.root) if isinstance(source, Source) else None


def field_line(text: str, path: Path) -> int | None:
    """The line on which a field stands, or the nearest thing around it that has one."""
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
    """What a merge of `head` into `parent` may make of a field that was `base`.

    The parent's value where the head kept the base's, else the head's. Where both changed an array, elements that are at the same
    places on all sides are told apart by place; otherwise as many of each as the changes of both give, in the order of either side:
    then more than one result is right, and `now` is taken if it is one of them.
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
    """An element that is there on all sides stays there."""
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
    """Of each element as many as the changes of both sides give; those that a side keeps whole, in its order."""
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
