"""Reads JSON from servers that we do not trust."""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 100
"""Levels of nesting that are accepted: far more than any config has, far fewer than Python's stack."""
_NESTING = (dict, list)


def parse_json(content: bytes) -> Any:
    """JSON by RFC 8259: no NaN, no infinity, and at most DEEPEST levels. Raises ValueError."""
    try:
        found = json.loads(content, parse_constant=_refuse, parse_float=_finite)
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


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is too large for a number")
    return number
