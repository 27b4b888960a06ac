"""tomlkit's parser, extended: every header, key and value that it reads becomes a node with its position.

tomlkit reads keys, strings, arrays, inline tables and comments (TOML 1.1, as flyctl's parser accepts it), but keeps no offsets. Headers, and
the rules which table may be defined twice, are implemented here. The overridden methods are private; so tomlkit is pinned to one minor
version in pyproject.toml, and a property test compares all positions with another parser.
"""

from __future__ import annotations

from tomlkit.exceptions import (
    EmptyKeyError,
    EmptyTableNameError,
    ParseError,
    UnexpectedCharError,
    UnexpectedEofError,
)
from tomlkit.items import Array, Bool, BoolType, InlineTable, Item, Key, KeyType, SingleKey, Trivia
from tomlkit.parser import Parser

from entrypoint.manifest.syntax.scalars import STARTS, Moment, read_scalar
from entrypoint.manifest.syntax.tree import Node, Scalar, TableOrigin

_BLANK = frozenset(" \t")
_NOWHERE = (-1, -1)
_MAY_HOLD_TABLES = (TableOrigin.HEADER, TableOrigin.IMPLIED, TableOrigin.DOTTED, TableOrigin.ARRAY)


class Redefined(Exception):
    """A key or table is defined twice."""

    def __init__(self, message: str, place: tuple[int, int], first: Node) -> None:
        super().__init__(message)
        self.place = place
        self.first = first


class _Inside:
    """What was read inside an array or inline table so far. `start`: the offset of the value."""

    def __init__(self, start: int | None = None) -> None:
        self.items: list[Node] = []
        self.members: dict[str, Node] = {}
        self.key: tuple[int, int] = _NOWHERE
        self.names: list[str] = []
        """The key's parts."""
        self.start = start


class PositionedParser(Parser):
    """Builds the tree while tomlkit parses."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._table: dict[str, Node] = {}
        self.root = Node(value=self._table, start=0, end=len(text), made=TableOrigin.HEADER)
        self._names: list[str] = []
        self._last_key: tuple[int, int] = (0, 0)
        self._open: list[_Inside] = []

    @property
    def at(self) -> int:
        """The offset up to which the text was read."""
        return int(self._idx)

    @property
    def unclosed(self) -> int:
        """The offset of the innermost value that has not ended; without one, the end of the text."""
        end = len(self._src)
        starts = (inside.start for inside in reversed(self._open))
        return next((start for start in starts if start is not None and start < end), end)

    def walk(self) -> None:
        """Read the whole text. Raises ParseError, Redefined or RecursionError."""
        while not self.end():
            if self._parse_item() is None:
                self._header()

    def _header(self) -> None:
        begin = self._idx
        self.inc(exception=UnexpectedEofError)
        is_array = self._current == "["
        if is_array:
            self.inc(exception=UnexpectedEofError)
        try:
            self._parse_key()
        except EmptyKeyError:
            raise self.parse_error(EmptyTableNameError) from None
        for _ in range(2 if is_array else 1):
            if self.end():
                raise self.parse_error(UnexpectedEofError)
            if self._current != "]":
                raise self.parse_error(UnexpectedCharError, self._current)
            self.inc()
        self._enter(self._names, (begin, self._idx), is_array=is_array)
        self._parse_comment_trail()

    def _enter(self, names: list[str], place: tuple[int, int], *, is_array: bool) -> None:
        """A [header]: later keys go into its table."""
        table = _members(self.root)
        for name in names[:-1]:
            found = table.get(name)
            if found is None:
                found = table[name] = _table(place, TableOrigin.IMPLIED)
            elif found.made not in _MAY_HOLD_TABLES:
                raise Redefined(f"{name} is a value, not a table", place, found)
            table = _members(found)
        found = table.get(names[-1])
        if is_array:
            found = _array(table, names[-1], found, place)
        elif found is None:
            found = table[names[-1]] = _table(place, TableOrigin.HEADER)
        elif found.made is TableOrigin.IMPLIED:
            found.made, found.key, found.start, found.end = TableOrigin.HEADER, place, *place
        else:
            raise Redefined(_clash(names[-1], found), place, found)
        self._table = _members(found)

    def _parse_key(self) -> Key:
        self._src.advance_while(_BLANK)
        start = self._idx
        self._names = [self._parse_simple_key().key]
        while self._current == ".":
            if len(self._names) == self.MAX_NESTING_DEPTH:
                raise self.parse_error(ParseError, "a key of too many parts")
            self.inc()
            self._names.append(self._parse_simple_key().key)
        self._last_key = (start, start + len(self._src[start : self._idx].rstrip(" \t")))
        return SingleKey(str(start), t=KeyType.Bare)  # no two are the same: who may define what is our part

    def _parse_key_value(self, parse_comment: bool = False) -> tuple[Key, Item]:  # noqa: FBT001, FBT002
        self._open.append(_Inside())
        key, value = super()._parse_key_value(parse_comment)
        inside = self._open.pop()
        table = self._open[-1].members if self._open else self._table
        _place(table, inside.names, inside.key, inside.items[0])
        return key, value

    def _parse_value(self) -> Item:
        around, start = self._open[-1], self._idx
        if around.key == _NOWHERE:
            around.key, around.names = self._last_key, self._names
        if self._current in STARTS:
            found = self._read_scalar(start)
            if found is not None:
                around.items.append(Node(value=found[0], start=start, end=found[1], inline=True))
                return Bool(BoolType.TRUE, Trivia())  # tomlkit's own document is thrown away
        inside = _Inside(start=start)
        self._open.append(inside)
        item: Item = super()._parse_value()
        self._open.pop()
        value: Scalar | dict[str, Node] | list[Node]
        if isinstance(item, Array):
            value = inside.items
        elif isinstance(item, InlineTable):
            value = inside.members
        else:
            value = item.unwrap()
        around.items.append(Node(value=value, start=start, end=self._idx, inline=True))
        return item

    def _read_scalar(self, start: int) -> tuple[int | float | Moment, int] | None:
        try:
            found = read_scalar(self._src, start)
        except ValueError as error:
            raise self.parse_error(ParseError, str(error)) from None
        if found is not None:
            self._src.inc_n(found[1] - start)
        return found


def _table(place: tuple[int, int], made: TableOrigin) -> Node:
    return Node(value={}, start=place[0], end=place[1], key=place, made=made)


def _members(node: Node) -> dict[str, Node]:
    """The table itself; of an array of tables, the last one."""
    value = node.value[-1].value if isinstance(node.value, list) else node.value
    assert isinstance(value, dict)
    return value


def _array(table: dict[str, Node], name: str, found: Node | None, place: tuple[int, int]) -> Node:
    """A [[header]]: one more table in its array."""
    if found is None:
        found = table[name] = Node(value=[], start=place[0], end=place[1], key=place, made=TableOrigin.ARRAY)
    elif found.made is not TableOrigin.ARRAY:
        raise Redefined(_clash(name, found), place, found)
    assert isinstance(found.value, list)
    found.value.append(_table(place, TableOrigin.HEADER))
    return found


def _place(table: dict[str, Node], names: list[str], place: tuple[int, int], node: Node) -> None:
    """Put a value at a (dotted) key."""
    for name in names[:-1]:
        found = table.get(name)
        if found is None:
            found = table[name] = _table(place, TableOrigin.DOTTED)
        elif found.made is not TableOrigin.DOTTED:
            raise Redefined(_clash(name, found), place, found)
        table = _members(found)
    found = table.get(names[-1])
    if found is not None:
        raise Redefined(_clash(names[-1], found), place, found)
    node.key = place
    table[names[-1]] = node


def _clash(name: str, found: Node) -> str:
    match found.made:
        case TableOrigin.VALUE:
            return f"{name} has a value already"
        case TableOrigin.ARRAY:
            return f"{name} is an array of tables already"
        case TableOrigin.DOTTED:
            return f"{name} is defined by a dotted key already"
        case TableOrigin.IMPLIED | TableOrigin.HEADER:
            return f"{name} is a table already"
