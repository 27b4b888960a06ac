"""Reads JSON from servers that we do not trust."""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 100
"""Levels of nesting that are accepted: far more than any config has, far fewer than Python's stack."""
MOST_BITS = 64
"""Of an integer. Fly and GitHub send no larger ones, and those could not be divided."""
_NESTING = (dict, list)
_AS_ZEROS = bytes.maketrans(b"123456789\0", b"0" * 10)
"""Every digit, and what UTF-16 has between two of them."""
_LONG = b"0" * 20
"""An integer of more than 64 bits has so many digits. A text may have them, too."""


def parse_json(content: bytes) -> Any:
    """JSON by RFC 8259: no NaN, no infinity, integers of 64 bits, and at most DEEPEST levels. Raises ValueError."""
    whole = _whole if _LONG in content.translate(_AS_ZEROS) else None  # json is three times as slow with it
    try:
        found = json.loads(content, parse_constant=_refuse, parse_float=_finite, parse_int=whole)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    level = [found] if isinstance(found, _NESTING) else []
    for _ in range(DEEPEST):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, _NESTING)
        ]
    if level:
        raise ValueError("nested too deeply")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _whole(text: str) -> int:
    number = int(text)
    if number.bit_length() > MOST_BITS:
        raise ValueError(f"{text[:20]} is too large for a number")
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number")
    return number
