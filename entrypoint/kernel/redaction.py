"""Which values nobody repeats: the one list of the keys whose values may be somebody's secret.

A value at or below one of these keys is in no plan, comment, finding, log or error message. Names are shown: of a variable, a header, a
file. The keys are looked for at any depth and in any spelling, as a live config is whatever somebody sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PRIVATE_KEYS = frozenset({"env", "headers", "value", "values", "raw_value", "content", "args"})
"""Variables ([env], containers[].env), HTTP headers and their name-value pairs, contents of files, build arguments."""
PRIVATE_TEXT = PRIVATE_KEYS | {"files", "machine_config"}
"""In the text of a file also the sections that hold such values on lines of their own, where no key stands beside them."""
HIDDEN = "(hidden)"
"""What stands where such a value would."""

_NAMES = "|".join(sorted(PRIVATE_TEXT))
_IN_PATH = re.compile(rf"(?:^|\.)(?:{_NAMES})\b", re.IGNORECASE)
_KEY = re.compile(rf"\b(?:{_NAMES})[\"']?\s*[=.]", re.IGNORECASE)
_WORD = re.compile(rf"{_NAMES}|\\u", re.IGNORECASE)


def is_private_key(key: str) -> bool:
    """Whether what stands below a key is hidden."""
    return key.casefold() in PRIVATE_KEYS


def is_private_path(path: Iterable[str | int]) -> bool:
    """Whether what stands at a path is hidden."""
    return any(isinstance(part, str) and is_private_key(part) for part in path)


def is_private_place(path: str) -> bool:
    """The same of a path as findings spell it (services[0].env.KEY), for the line of text that it stands on."""
    return _IN_PATH.search(path) is not None


def has_private_key(line: str) -> bool:
    """Whether a line of TOML sets a hidden value, as far as the line alone can tell."""
    return _KEY.search(line) is not None


def may_be_private(line: str) -> bool:
    """Whether a line may name one of these keys, in a text that cannot be parsed: an escape in a name may spell any of them."""
    return _WORD.search(line) is not None
