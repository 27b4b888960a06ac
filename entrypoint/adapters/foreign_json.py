"""Reads JSON from servers that we do not trust."""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 100
"""Levels of nesting that are accepted: far more than any config has, far fewer than Python's stack."""


def parse_json(content: bytes) -> Any:
    """JSON by RFC 8259: no NaN, no infinity, and at most DEEPEST levels. Raises ValueError."""
    try:
        found = json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    level = [found]
    for _ in range(DEEPEST):
        level = [child for node in level for child in _children(node)]
        if not level:
            return found
    raise ValueError("nested too deeply")


def _children(node: Any) -> list[Any]:
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [value for value in values if isinstance(value, dict | list)]


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number")
    return number
