"""Values of a field change, shown so that different ones never look the same: long ones around their first difference, invisible characters
as their codes."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata

from entrypoint.kernel.json import Json

MOST = 400
"""Characters of one side."""
_BEFORE = 80
"""Of these, characters before the first difference."""
_MORE_SPACES = re.compile(r"(?<= ) |^ | $")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of characters that are invisible, or look different everywhere."""


def shown(value: Json) -> str:
    """One value by itself."""
    text = _spelt(value)
    return text if len(text) <= MOST else f"{text[:MOST]}… {_whole(text)}"


def shown_pair(before: Json, after: Json) -> tuple[str, str]:
    """Two values that differ, as two texts that differ."""
    old, new = _spelt(before), _spelt(after)
    place = _first_difference(old, new)
    if not (old[place : place + 1] + new[place : place + 1]).isascii():
        old, new = _ascii(old), _ascii(new)  # letters of two scripts can look the same
        place = _first_difference(old, new)
    return _around(old, place), _around(new, place)


def spelt(text: str) -> str:
    """The text with invisible characters as their codes; of several spaces in a row, all but the first."""
    codes = _visible(text)
    return _MORE_SPACES.sub(lambda _: _code(" "), codes)


def _spelt(value: Json) -> str:
    return _visible(json.dumps(value, ensure_ascii=False))


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_code(char) if _is_unseen(char) else char for char in text)


def _is_unseen(char: str) -> bool:
    category = unicodedata.category(char)
    return category in _UNSEEN or (category == "Zs" and char != " ") or category == "Mn"


def _ascii(text: str) -> str:
    return "".join(char if char.isascii() else _code(char) for char in text)


def _code(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _first_difference(one: str, other: str) -> int:
    shorter = min(len(one), len(other))
    return next((i for i in range(shorter) if one[i] != other[i]), shorter)


def _around(text: str, place: int) -> str:
    if len(text) <= MOST:
        return text
    start = 0 if place < MOST - _BEFORE else place - _BEFORE
    end = start + MOST
    cut = text[start:end]
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''} {_whole(text)}"


def _whole(text: str) -> str:
    """A hash and length that distinguish a text which is shown in part from every other."""
    return f"({len(text):,} characters, {hashlib.sha256(text.encode()).hexdigest()[:8]})"
