"""Small words: plurals, short ids, durations."""

from __future__ import annotations

from collections.abc import Sequence

_NAMES = frozenset({"flyctl"})
"""Words that are never capitalised."""


def count(number: int, noun: str) -> str:
    """1 machine, 2 machines; 1 row of costs, 2 rows of costs."""
    if number == 1:
        return f"{number} {noun}"
    thing, of, rest = noun.partition(" of ")
    return f"{number} {thing}s{of}{rest}"


def join(words: Sequence[str]) -> str:
    """a, b and c"""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def capitalise(text: str) -> str:
    """The sentence with a capital letter, unless it begins with a key of fly.toml."""
    first = text.partition(" ")[0]
    return (
        text[:1].upper() + text[1:] if first.isascii() and first.isalpha() and first not in _NAMES else text
    )


def short_id(digest: str) -> str:
    """The short id of a plan, for people only."""
    return f"{digest[:4]}-{digest[4:8]}"
