"""What to write instead of a value of the wrong type."""

from __future__ import annotations

import re
from collections.abc import Iterable

from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.syntax.tree import Node

_PERCENT = r"([0-9]{1,3})\s*%"
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?"


def for_string(node: Node, spelt: str) -> str:
    """`spelt` is the value as it is written in the file; empty if it may be secret."""
    value = node.value
    if isinstance(value, bool | int | float):
        return f'Quote it: "{spelt}".' if spelt else "Quote it."
    if not spelt or not isinstance(value, list):
        return ""
    words = [item.value for item in value if isinstance(item.value, str)]
    return f'Write one string: "{" ".join(words)[:60]}".' if words and len(words) < 20 else ""


def for_number(value: object) -> str:
    """A hint for a percentage, and for a number in quotes."""
    if not isinstance(value, str):
        return ""
    percent = re.fullmatch(_PERCENT, value.strip())
    if percent:
        return f"Write {int(percent[1]) / 100:g}."
    return "Write it without quotes." if re.fullmatch(_NUMBER, value.strip()) else ""


def for_bool(value: object) -> str:
    """A hint for a boolean in quotes."""
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return "Write it without quotes."
    return ""


def for_word(value: object, words: Iterable[str]) -> str:
    """A hint for a word that resembles one of `words`, or has capitals."""
    close = nearest(value, words) if isinstance(value, str) else ""
    return f'Did you mean "{close}"?' if close else ""
