"""The parser and formatter of durations, as in Go (https://pkg.go.dev/time#ParseDuration). Durations are in nanoseconds.

Some sources read a text differently. Each difference is in one place:

- a bare number counts seconds in our inputs (`parse_seconds`), nanoseconds in fly.toml and in the Machines API (manifest/decode/decoder.py,
  fleet/normalise.py), and milliseconds or seconds in the keys of fly.toml that flyctl migrates (manifest/decode/casts.py);
- an empty string is an error in fly.toml, and 0 in a live config (fleet/normalise.py).
"""

from __future__ import annotations

import re

MILLISECOND, SECOND = 10**6, 10**9
"""In nanoseconds."""
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": MILLISECOND,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
_ONE = r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)"
_NUMBER = r"[0-9]{1,18}(?:\.[0-9]{1,18})?"
_LONGEST = 2**63
"""Nanoseconds. Go's Duration is a signed 64-bit integer: a positive one ends at 2**63 - 1, a negative one at -2**63."""
_MOST_SHOWN = 60


def parse_duration(text: str) -> int:
    """Nanoseconds. Raises ValueError."""
    negative = text.startswith("-")
    at = 1 if text.startswith(("-", "+")) else 0
    if text[at:] == "0":
        return 0
    if at == len(text):
        raise ValueError(f"{_shown(text)} is not a duration: write 10s, 500ms, 1m30s")
    total = 0
    while at < len(text):
        token = re.compile(_ONE).match(text, at)
        assert token is not None
        total += _nanoseconds(token, text)
        if total > _LONGEST:
            raise ValueError(f"duration {_shown(text)} is too long")
        at = token.end()
    if not negative and total == _LONGEST:
        raise ValueError(f"duration {_shown(text)} is too long")
    return -total if negative else total


def parse_seconds(text: str) -> float:
    """Seconds of a duration; a bare number is a number of seconds. Raises ValueError."""
    return float(text) if re.fullmatch(_NUMBER, text) else parse_duration(text) / SECOND


def format_duration(nanoseconds: int) -> str:
    """As Go's Duration.String spells it: 1m30s, 500ms, 0s."""
    if nanoseconds == 0:
        return "0s"
    sign, n = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if n < 10**3:
        return f"{sign}{n}ns"
    if n < MILLISECOND:
        return f"{sign}{_fraction(n, 3)}\u00b5s"
    if n < SECOND:
        return f"{sign}{_fraction(n, 6)}ms"
    seconds, rest = divmod(n, SECOND)
    hours, left = divmod(seconds, 3600)
    minutes, second = divmod(left, 60)
    tail = _fraction(second * SECOND + rest, 9) + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{tail}"
    return f"{sign}{minutes}m{tail}" if minutes else sign + tail


def _nanoseconds(token: re.Match[str], text: str) -> int:
    """The length of one number with its unit, such as `1.5h`."""
    whole, fraction, unit = token[1], token[2], token[3]
    if not whole and not fraction:
        raise ValueError(f"{_shown(text)} is not a duration: write 10s, 500ms, 1m30s")
    if not unit:
        raise ValueError(f"duration {_shown(text)} has no unit: write 10s, 500ms, 1m30s")
    if unit not in _UNITS:
        raise ValueError(f"duration {_shown(text)} has an unknown unit: h, m, s, ms, us and ns exist")
    size = _UNITS[unit]
    digits = whole.lstrip("0")
    if len(digits) > 19:
        raise ValueError(f"duration {_shown(text)} is too long")
    return int(digits or 0) * size + _part(fraction or "", size)


def _part(fraction: str, size: int) -> int:
    """Go's leadingFraction: as many digits as fit into 63 bits, in floating point."""
    significant = fraction.lstrip("0")
    zeros = len(fraction) - len(significant)
    if not significant or zeros > 30:  # a unit has at most 3.6e12 nanoseconds
        return 0
    kept = significant[:19]
    while int(kept) > 2**63 or int(kept[:-1] or 0) > (2**63 - 1) // 10:
        kept = kept[:-1]
    return int(float(int(kept)) * (float(size) / 10.0 ** (zeros + len(kept))))


def _fraction(value: int, digits: int) -> str:
    whole, rest = divmod(value, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…")


def seconds_in_words(value: float) -> str:
    """A duration in seconds, for people: 6 s, 1 min 41 s, 5 min."""
    whole = round(value)
    minutes, rest = divmod(whole, 60)
    return " ".join([f"{minutes} min"] * (minutes > 0) + [f"{rest} s"] * (rest > 0 or not minutes))


def about_in_words(value: float) -> str:
    """The same for an estimate: from 10 s on, rounded to 5 s."""
    return seconds_in_words(value if value < 10 else 5 * round(value / 5))
