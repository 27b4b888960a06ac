"""fly.json → the same tree as from fly.toml, with positions."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from entrypoint.manifest.syntax.tree import Node, too_deep

_TOKEN = re.compile(
    r'(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?[0-9][0-9.eE+-]*)|(?P<word>true|false|null)|(?P<mark>[\[\]{}])'
)
_WORDS = {"true": True, "false": False}


class JsonError(ValueError):
    """The text is not a JSON object. Has the position of the error."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def parse_json(text: str) -> Node:
    """The tree. Every number is a float64, as in Go; a null is left out, as Go leaves the field. Raises JsonError."""
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise JsonError(error.msg, error.pos) from None
    except RecursionError:
        raise JsonError("it is nested too deeply", 0) from None
    except ValueError as error:
        raise JsonError(str(error), 0) from None
    if not isinstance(value, dict):
        raise JsonError("it is not an object", 0)
    try:
        tokens = _TOKEN.finditer(text)
        root = _object(tokens, next(tokens).start())
    except RecursionError:
        raise JsonError("it is nested too deeply", 0) from None
    deep = too_deep(root)
    if deep is not None:
        raise JsonError("it is nested too deeply", deep.start)
    return root


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _value(token: re.Match[str], tokens: Iterator[re.Match[str]]) -> Node | None:
    """The value that begins with `token`, in a text that json.loads has taken; None for a null."""
    start, end, text = token.start(), token.end(), token[0]
    match token.lastgroup:
        case "string":
            return Node(value=_string(text), start=start, end=end, inline=True)
        case "number":
            number = float(text)
            if math.isinf(number):
                raise JsonError(f"{text} is too large for a number", start)
            return Node(value=number, start=start, end=end, inline=True)
        case "word":
            return Node(value=_WORDS[text], start=start, end=end, inline=True) if text in _WORDS else None
    return _object(tokens, start) if text == "{" else _array(tokens, start)


def _object(tokens: Iterator[re.Match[str]], start: int) -> Node:
    members: dict[str, Node] = {}
    for token in tokens:
        if token[0] == "}":
            return Node(value=members, start=start, end=token.end(), inline=True)
        item = _value(next(tokens), tokens)
        name = _string(token[0])
        members.pop(name, None)
        if item is not None:
            item.key = token.span()
            members[name] = item
    raise AssertionError("json.loads has taken it")


def _array(tokens: Iterator[re.Match[str]], start: int) -> Node:
    items: list[Node] = []
    for token in tokens:
        if token[0] == "]":
            return Node(value=items, start=start, end=token.end(), inline=True)
        item = _value(token, tokens)
        items.append(item or Node(value="", start=token.start(), end=token.end(), inline=True))
    raise AssertionError("json.loads has taken it")


def _string(text: str) -> str:
    """A lone surrogate becomes U+FFFD, as in Go, because it cannot be encoded."""
    return str(json.loads(text)).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
