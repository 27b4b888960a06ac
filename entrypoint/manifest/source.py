"""TOML text → a tree of values that know where they stand.

tomlkit parses and judges (TOML 1.1, as flyctl's parser accepts it); it keeps no offsets. So its parser is watched: every header,
key and value it meets is noted with its place, and the tree is built from those notes. The watched methods are private, which is
why tomlkit is pinned to one minor version in pyproject.toml and a property test compares all places with another parser.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from tomlkit.exceptions import ParseError, TOMLKitError
from tomlkit.items import AoT as ArrayOfTables
from tomlkit.items import Array, InlineTable, Item, Key, Table
from tomlkit.parser import Parser

from entrypoint.kernel.findings import Finding, Severity, Span

Scalar: TypeAlias = "str | int | float | bool | dt.datetime | dt.date | dt.time"
Path: TypeAlias = "tuple[str | int, ...]"

INT64 = range(-(2**63), 2**63)


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

    def like(self, value: Scalar | dict[str, Node] | list[Node]) -> Node:
        """Another value at the same place."""
        return Node(value=value, start=self.start, end=self.end, key=self.key, inline=self.inline)


@dataclass(slots=True)
class Source:
    """A parsed text. `root` is the top table."""

    file: str
    text: str
    root: Node
    _lines: list[int] = field(default_factory=list)

    def span(self, start: int, end: int) -> Span:
        """Lines and columns of a range of offsets."""
        return _span(self._starts(), start, max(end, start))

    def key_span(self, node: Node) -> Span:
        """Where the key stands; of an array element, where the value does."""
        return self.span(*(node.key or (node.start, node.end)))

    def value_span(self, node: Node) -> Span:
        """Where the value stands; of a table, its header."""
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
            self._lines = _line_starts(self.text)
        return self._lines


def _child(node: Node, part: str | int) -> Node | None:
    value = node.value
    if isinstance(value, dict):
        return value.get(part) if isinstance(part, str) else None
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def parse_toml(text: str, *, file: str) -> Source | Finding:
    """The tree, or the one syntax error."""
    if text.startswith("\ufeff"):
        return _syntax_error(
            text, file, 0, "the file begins with a byte order mark", hint="Save it as UTF-8 without BOM."
        )
    parser = _WatchedParser(text)
    try:
        parser.parse()
    except ParseError as error:
        offset = _offset_of(text, error, parser)
        return _syntax_error(text, file, offset, _plain(error))
    except (TOMLKitError, ValueError, TypeError, AttributeError, IndexError, KeyError) as error:
        return _syntax_error(text, file, parser.last_offset, str(error) or "not TOML")
    except RecursionError:
        return _syntax_error(text, file, parser.last_offset, "it is nested too deeply")
    wide = next(_wide_integers(parser.root), None)
    if wide is not None:
        return _syntax_error(text, file, wide.start, "an integer does not fit into 64 bits")
    return Source(file=file, text=text, root=parser.root)


class _WatchedParser(Parser):
    """Builds the tree while tomlkit parses."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.root = Node(value={}, start=0, end=len(text))
        self.last_offset = 0
        self._table: dict[str, Node] = {}
        assert isinstance(self.root.value, dict)
        self._table = self.root.value
        self._header: tuple[int, bool] | None = None
        self._last_key: tuple[int, int] = (0, 0)
        self._open: list[list[tuple[Key | None, tuple[int, int] | None, Node]]] = []

    def _parse_table(
        self, parent_name: Key | None = None, parent: Table | None = None
    ) -> tuple[Key, Table | ArrayOfTables]:
        start = self._idx
        self._header = (start, self._src[start : start + 2] == "[[")
        self.last_offset = start
        result: tuple[Key, Table | ArrayOfTables] = super()._parse_table(parent_name, parent)
        return result

    def _parse_key(self) -> Key:
        self._src.advance_while(frozenset(" \t"))
        start = self._idx
        header, self._header = self._header, None
        key = super()._parse_key()
        end = start + len(self._src[start : self._idx].rstrip(" \t"))
        self._last_key = (start, end)
        if header is not None:
            self._enter(key, begin=header[0], end=end + (2 if header[1] else 1), is_array=header[1])
        return key

    def _enter(self, key: Key, *, begin: int, end: int, is_array: bool) -> None:
        """A [header]: later keys go into its table."""
        assert isinstance(self.root.value, dict)
        table = self.root.value
        names = [part.key for part in key]
        for name in names[:-1]:
            table = _descend(table, name, (begin, end))
        last = names[-1]
        found = table.get(last)
        if is_array:
            node = Node(value={}, start=begin, end=end, key=(begin, end))
            if found is None or not isinstance(found.value, list):
                found = Node(value=[], start=begin, end=end, key=(begin, end))
                table[last] = found
            assert isinstance(found.value, list)
            found.value.append(node)
        elif found is not None and isinstance(found.value, dict):
            found.key, found.start, found.end = (begin, end), begin, end
            node = found
        else:
            node = Node(value={}, start=begin, end=end, key=(begin, end))
            table[last] = node
        assert isinstance(node.value, dict)
        self._table = node.value

    def _parse_key_value(self, parse_comment: bool = False) -> tuple[Key, Item]:  # noqa: FBT001, FBT002
        self.last_offset = self._idx
        self._open.append([])
        key, value = super()._parse_key_value(parse_comment)
        ((_, place, node),) = self._open.pop()
        if self._open:
            self._open[-1].append((key, place, node))
        else:
            _place(self._table, key, place or (node.start, node.end), node)
        return key, value

    def _parse_value(self) -> Item:
        place = self._last_key
        start = self._idx
        self._open.append([])
        item: Item = super()._parse_value()
        children = self._open.pop()
        node = Node(value="", start=start, end=self._idx, inline=True)
        if isinstance(item, Array):
            node.value = [child for _, _, child in children]
        elif isinstance(item, InlineTable):
            members: dict[str, Node] = {}
            for key, where, child in children:
                assert key is not None
                _place(members, key, where or (child.start, child.end), child)
            node.value = members
        else:
            node.end = start + len(self._src[start : self._idx].rstrip())
            node.value = item.unwrap()
        if self._open:
            self._open[-1].append((None, place, node))
        return item


def _place(table: dict[str, Node], key: Key, where: tuple[int, int], node: Node) -> None:
    """Put a value at a (dotted) key."""
    names = [part.key for part in key]
    for name in names[:-1]:
        table = _descend(table, name, where)
    node.key = where
    table[names[-1]] = node


def _descend(table: dict[str, Node], name: str, where: tuple[int, int]) -> dict[str, Node]:
    """The table `name`, made if it is only implied; of an array of tables, the last one."""
    found = table.get(name)
    if found is None:
        found = Node(value={}, start=where[0], end=where[1], key=where)
        table[name] = found
    if isinstance(found.value, list) and found.value and isinstance(found.value[-1].value, dict):
        return found.value[-1].value
    if isinstance(found.value, dict):
        return found.value
    raise ValueError(f"{name} is a value and a table")


def _wide_integers(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        current = stack.pop()
        if isinstance(current.value, dict):
            stack.extend(current.value.values())
        elif isinstance(current.value, list):
            stack.extend(current.value)
        elif (
            isinstance(current.value, int)
            and not isinstance(current.value, bool)
            and current.value not in INT64
        ):
            yield current


def _offset_of(text: str, error: ParseError, parser: _WatchedParser) -> int:
    """tomlkit reports duplicates where it noticed them: after the item. The item's own place says more."""
    message = str(error)
    if "already" in message or "exist" in message.lower() or "redefin" in message.lower():
        return parser.last_offset
    starts = _line_starts(text)
    line, column = getattr(error, "line", 1), getattr(error, "col", 0)
    return min(starts[min(line, len(starts)) - 1] + column, len(text))


def _plain(error: ParseError) -> str:
    message = str(error)
    return message[: message.rfind(" at line ")] if " at line " in message else message


def _syntax_error(text: str, file: str, offset: int, message: str, *, hint: str = "") -> Finding:
    return Finding(
        rule="toml-syntax",
        severity=Severity.ERROR,
        message=f"Not TOML: {message}",
        hint=hint,
        file=file,
        span=_span(_line_starts(text), offset, offset + 1),
        flyctl_rejects=True,
    )


def _line_starts(text: str) -> list[int]:
    starts = [0]
    position = text.find("\n")
    while position != -1:
        starts.append(position + 1)
        position = text.find("\n", position + 1)
    return starts


def _span(starts: list[int], start: int, end: int) -> Span:
    first, last = bisect_right(starts, start), bisect_right(starts, end)
    return Span(
        line=first, column=start - starts[first - 1] + 1, end_line=last, end_column=end - starts[last - 1] + 1
    )
