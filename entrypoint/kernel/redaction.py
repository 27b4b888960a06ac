"""Which values are never printed: the list of the keys whose values may be secrets.

A value at or below one of these keys is in no plan, comment, finding, log or error message. The names of variables, headers and files are
shown. The keys count at any depth and in upper or lower case, because a live config may hold anything that somebody sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PRIVATE_KEYS = frozenset({"env", "headers", "value", "values", "raw_value", "content", "args"})
"""Variables ([env], containers[].env), HTTP headers and their name-value pairs, contents of files, build arguments."""
PRIVATE_TEXT = PRIVATE_KEYS | {"files", "machine_config"}
"""In the text of a file, also the sections whose values may be on other lines than the key."""
_SHAPES = (
    r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"  # a URL with a password
    r"|-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*"  # a JSON web token
    r"|(?:gh[pousr]_|github_pat_)\w{20,}|glpat-[\w-]{20,}"  # GitHub, GitLab
    r"|xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,}|https://hooks\.slack\.com/services/\w+/\w+/\w+"  # Slack
    r"|sk-[\w-]{20,}|hf_\w{20,}"  # OpenAI, Anthropic, Hugging Face
    r"|[sr]k_(?:live|test)_\w{10,}|whsec_[\w+/=]{20,}"  # Stripe
    r"|FlyV1 fm\d_\S{10,}|fo1_[\w-]{20,}"  # Fly
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}"  # Google
    r"|npm_\w{30,}|pypi-[\w-]{20,}|dckr_pat_[\w-]{20,}"  # registries
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|shp(?:at|ss|ca|pa)_\w{20,}|do[opr]_v1_\w{20,}"  # SendGrid, Shopify, DigitalOcean
)
"""Of well-known tokens."""
HIDDEN = "(hidden)"
"""What is printed instead of such a value."""

_NAMES = "|".join(sorted(PRIVATE_TEXT))
_IN_PATH = rf"(?:^|\.)(?:{_NAMES})\b"
_KEY = rf"\b(?:{_NAMES})[\"']?\s*[=.]"
_WORD = rf"{_NAMES}|\\u"


def is_private_key(key: str) -> bool:
    """Whether the values at and below a key are hidden."""
    return key.casefold() in PRIVATE_KEYS


def is_private_path(path: Iterable[str | int]) -> bool:
    """Whether the value at a path is hidden."""
    return any(isinstance(part, str) and is_private_key(part) for part in path)


def is_private_place(path: str) -> bool:
    """The same for a path in the spelling of findings (services[0].env.KEY), for the line of text that it points to."""
    return re.search(_IN_PATH, path, re.IGNORECASE) is not None


def has_private_key(line: str) -> bool:
    """Whether a line of TOML sets a hidden value, judged by this line only."""
    return re.search(_KEY, line, re.IGNORECASE) is not None


def may_be_private(line: str) -> bool:
    """Whether a line may name one of these keys, in a text that cannot be parsed: an escape sequence can spell any of them."""
    return re.search(_WORD, line, re.IGNORECASE) is not None


def is_token(value: str) -> bool:
    """Whether a value has the form of a well-known token: then it is a secret under any key."""
    return re.match(_SHAPES, value) is not None


def hide_tokens(text: str) -> str:
    """Foreign text with everything that looks like a token replaced."""
    return re.sub(_SHAPES, HIDDEN, text)
