"""A text read as a tree of values with their positions."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from entrypoint.kernel.findings import Span
from entrypoint.kernel.json import Json
from entrypoint.manifest.syntax.scalars import Moment

Scalar: TypeAlias = "str | int | float | bool | Moment"
Path: TypeAlias = "tuple[str | int, ...]"


class TableOrigin(Enum):
    """How a table was defined, which decides what may be added to it (TOML 1.1, "Table")."""

    VALUE = auto()
    """As a value, such as { … } or [ … ]. Nothing may be added."""
    DOTTED = auto()
    """By a dotted key. Other dotted keys may add to it."""
    IMPLIED = auto()
    """By the header of a table inside it. It may get its own header once."""
    HEADER = auto()
    """By its own header."""
    ARRAY = auto()
    """By [[headers]]."""


@dataclass(slots=True)
class Node:
    """One value. `start` and `end` are offsets of the value, `key` those of the key (or header) that names it.

    `value` is a scalar, a dict of nodes or a list of nodes. Mutable while the tree is built and patched.
    """

    value: Scalar | dict[str, Node] | list[Node]
    start: int
    end: int
    key: tuple[int, int] | None = None
    inline: bool = False
    """Written as { … } or [ … ], not as a table of its own."""
    made: TableOrigin = TableOrigin.VALUE

    def like(self, value: Scalar | dict[str, Node] | list[Node]) -> Node:
        """Another value at the same place."""
        return Node(value=value, start=self.start, end=self.end, key=self.key, inline=self.inline)


class Source:
    """A parsed text. `root` is the top table."""

    def __init__(self, *, file: str, text: str, root: Node) -> None:
        self.file = file
        self.text = text
        self.root = root
        self._lines: list[int] = []

    def span(self, start: int, end: int) -> Span:
        """The lines and columns of a range of offsets."""
        return span_of(self._starts(), start, max(end, start))

    def key_span(self, node: Node) -> Span:
        """The position of the key; for an array element, of the value."""
        return self.span(*(node.key or (node.start, node.end)))

    def value_span(self, node: Node) -> Span:
        """The position of the value; for a table, of its header."""
        if isinstance(node.value, dict) and not node.inline and node.key:
            return self.span(*node.key)
        return self.span(node.start, node.end)

    def find(self, path: Path) -> Node | None:
        """The node at a path of keys and indexes."""
        node = self.root
        for part in path:
            child = _child(node, part)
            if child is None:
                return None
            node = child
        return node

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        starts = self._starts()
        if not 1 <= number <= len(starts):
            return ""
        end = starts[number] if number < len(starts) else len(self.text)
        return self.text[starts[number - 1] : end].rstrip("\r\n")

    def _starts(self) -> list[int]:
        if not self._lines:
            self._lines = line_starts(self.text)
        return self._lines


def _child(node: Node, part: str | int) -> Node | None:
    value = node.value
    if isinstance(value, dict):
        return value.get(part) if isinstance(part, str) else None
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


MOST_DEEP = 200
"""Levels of a tree. Functions walk a tree by recursion, which Python limits to 1,000 calls."""


def too_deep(root: Node) -> Node | None:
    """A node below the deepest level that is read, if there is one."""
    level = [root]
    for _ in range(MOST_DEEP):
        level = [child for node in level for child in _children(node)]
        if not level:
            return None
    return level[0]


def _children(node: Node) -> Iterable[Node]:
    if isinstance(node.value, dict):
        return node.value.values()
    return node.value if isinstance(node.value, list) else ()


def tree_of(value: Json) -> Node:
    """JSON as a tree. Its values have no positions of their own. nulls are left out, as in Go."""
    if isinstance(value, Mapping):
        return Node(
            value={key: tree_of(item) for key, item in value.items() if item is not None}, start=0, end=0
        )
    if isinstance(value, list | tuple):
        return Node(value=[tree_of(item) for item in value], start=0, end=0)
    assert value is None or isinstance(value, str | int | float | bool)
    return Node(value="" if value is None else value, start=0, end=0)


def line_starts(text: str) -> list[int]:
    starts = [0]
    position = text.find("\n")
    while position != -1:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts


def span_of(starts: list[int], start: int, end: int) -> Span:
    first, last = bisect_right(starts, start), bisect_right(starts, end)
    return Span(
        line=first, column=start - starts[first - 1] + 1, end_line=last, end_column=end - starts[last - 1] + 1
    )
