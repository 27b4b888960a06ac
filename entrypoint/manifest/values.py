"""How fly.toml spells commands and sizes, exactly as the Go libraries behind flyctl read them (durations: kernel/durations.py).

Commands: google/shlex. Sizes: docker/go-units behind flyctl's helpers.ParseSize. Compared with those libraries over 240,000 inputs
(see docs/testing.md).
"""

from __future__ import annotations

import math
import re

_SPACE = " \t\r\n"
_INTEGER = r"[+-]?[0-9]+"
_NUMBER = r"[+-]?(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?|[+-]?inf(?:inity)?|nan"
_INT64 = range(-(2**63), 2**63)


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
        raise ValueError(f"{text!r} is not a size: write 512mb or 2gb")
    end = index if text[index] == " " else index + 1
    number, suffix = text[:end], text[index + 1 :]
    if not re.fullmatch(_NUMBER, number, re.IGNORECASE):
        raise ValueError(f"{text!r} is not a size: write 512mb or 2gb")
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
    if not re.fullmatch(_INTEGER, text):
        return None
    digits = text.lstrip("+-").lstrip("0") or "0"
    if len(digits) > 19:
        return None
    value = -int(digits) if text.startswith("-") else int(digits)
    return value if value in _INT64 else None


def to_int64(value: float) -> int:
    """Go's conversion of a float64, cut off; what does not fit becomes the smallest integer (as on amd64)."""
    return int(value) if -(2.0**63) <= value < 2.0**63 else -(2**63)
