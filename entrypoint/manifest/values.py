"""How fly.toml spells commands, durations and sizes, exactly as the Go libraries behind flyctl read them.

Commands: google/shlex. Durations: Go time.ParseDuration and Duration.String. Sizes: docker/go-units behind flyctl's
helpers.ParseSize. Compared with those libraries over 240,000 inputs (see docs/testing.md).
"""

from __future__ import annotations

import math
import re

_SPACE = " \t\r\n"
_UNITS = {
    "ns": 1,
    "us": 10**3,
    "\u00b5s": 10**3,
    "\u03bcs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
_TOKEN = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?|[+-]?inf(?:inity)?|nan",
    re.IGNORECASE,
)
_INT64 = range(-(2**63), 2**63)
_MAX_DURATION = 2**63


def split_command(text: str) -> list[str]:  # one state machine, flat
    """The argv of a command. It is no shell: $VAR, &&, | and globs are words like others. Raises ValueError."""
    words: list[str] = []
    word: list[str] = []
    state = "start"
    for ch in text:
        if state == "start":
            if ch in _SPACE:
                continue
            if ch == "#":
                state = "comment"
            else:
                word = []
                state = _after_word_char(ch, word)
        elif state == "word":
            if ch in _SPACE:
                words.append("".join(word))
                state = "start"
            else:
                state = _after_word_char(ch, word)
        elif state == "escape":
            word.append(ch)
            state = "word"
        elif state == "quoted-escape":
            word.append(ch)
            state = "quoted"
        elif state == "quoted":
            if ch == '"':
                state = "word"
            elif ch == "\\":
                state = "quoted-escape"
            else:
                word.append(ch)
        elif state == "single":
            if ch == "'":
                state = "word"
            else:
                word.append(ch)
        elif ch == "\n":
            state = "start"
    if state in ("escape", "quoted-escape"):
        raise ValueError("it ends after a backslash")
    if state in ("quoted", "single"):
        raise ValueError("a quote is not closed")
    if state == "word":
        words.append("".join(word))
    return words


def _after_word_char(ch: str, word: list[str]) -> str:
    match ch:
        case '"':
            return "quoted"
        case "'":
            return "single"
        case "\\":
            return "escape"
        case _:
            word.append(ch)
            return "word"


def parse_duration(text: str) -> int:
    """Nanoseconds. Raises ValueError."""
    rest = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
    negative = text.startswith("-")
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f"invalid duration {text!r}")
    total = 0
    while rest:
        total += _token(rest, text)
        if total > _MAX_DURATION:
            raise ValueError(f"duration {text!r} is too long")
        match = _TOKEN.match(rest)
        assert match is not None
        rest = rest[match.end() :]
    if not negative and total > _MAX_DURATION - 1:
        raise ValueError(f"duration {text!r} is too long")
    return -total if negative else total


def _token(rest: str, text: str) -> int:
    match = _TOKEN.match(rest)
    assert match is not None
    whole, fraction, unit = match.group(1), match.group(2), match.group(3)
    if not (whole or fraction) or not (rest[0] == "." or rest[0] in "0123456789"):
        raise ValueError(f"invalid duration {text!r}")
    if not unit:
        raise ValueError(f"duration {text!r} has no unit: write 10s, 500ms, 1m30s")
    if unit not in _UNITS:
        raise ValueError(f"duration {text!r} has an unknown unit: h, m, s, ms, us and ns exist")
    size = _UNITS[unit]
    return int(whole or 0) * size + _part(fraction or "", size)


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


def format_duration(nanoseconds: int) -> str:
    """As Go's Duration.String spells it: 1m30s, 500ms, 0s."""
    if nanoseconds == 0:
        return "0s"
    sign, n = ("-", -nanoseconds) if nanoseconds < 0 else ("", nanoseconds)
    if n < 10**3:
        return f"{sign}{n}ns"
    if n < 10**6:
        return f"{sign}{_fraction(n, 3)}\u00b5s"
    if n < 10**9:
        return f"{sign}{_fraction(n, 6)}ms"
    seconds, rest = divmod(n, 10**9)
    hours, left = divmod(seconds, 3600)
    minutes, second = divmod(left, 60)
    tail = _fraction(second * 10**9 + rest, 9) + "s"
    if hours:
        return f"{sign}{hours}h{minutes}m{tail}"
    return f"{sign}{minutes}m{tail}" if minutes else sign + tail


def _fraction(value: int, digits: int) -> str:
    whole, rest = divmod(value, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")


def parse_memory(text: str) -> int:
    """MiB of `[[vm]] memory`: a bare integer is MB, units are binary. Raises ValueError."""
    return _parse_size(text, base=1024, quotient=2**20)


def parse_volume_size(text: str) -> int:
    """GB of a volume: a bare integer is GB, units are decimal even when spelled GiB. Raises ValueError."""
    return _parse_size(text, base=1000, quotient=10**9)


def _parse_size(text: str, *, base: int, quotient: int) -> int:
    """go-units parseSize behind strconv.Atoi."""
    plain = parse_int64(text)
    if plain is not None:
        return plain
    index = max((text.rfind(ch) for ch in "0123456789. "), default=-1)
    if index < 0:
        raise ValueError(f"invalid size {text!r}")
    end = index if text[index] == " " else index + 1
    number, suffix = text[:end], text[index + 1 :]
    if not _NUMBER.fullmatch(number):
        raise ValueError(f"invalid size {text!r}")
    value = float(number)
    if value < 0 or (math.isinf(value) and "inf" not in number.lower()):
        raise ValueError(f"size {text!r} is negative or too large")
    suffix = suffix.lower()
    if suffix and suffix != "b":
        power = "kmgtp".find(suffix[0])
        if power < 0 or suffix[1:] not in ("", "b", "ib"):
            raise ValueError(f"size {text!r} has an unknown unit: KB, MB, GB, TB and PB exist")
        value *= base ** (power + 1)
    size = to_int64(value)
    return size // quotient if size >= 0 else -(-size // quotient)


def parse_int64(text: str) -> int | None:
    """strconv.Atoi; None where it would fail."""
    if not _INTEGER.fullmatch(text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 19:
        return None
    value = -int(digits) if text.startswith("-") else int(digits)
    return value if value in _INT64 else None


def to_int64(value: float) -> int:
    """Go's conversion of a float64, cut off; what does not fit becomes the smallest integer (as on amd64)."""
    return int(value) if -(2.0**63) <= value < 2.0**63 else -(2**63)
