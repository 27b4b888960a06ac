"""Reads TOML 1.1's numbers, dates and times, as flyctl's parser (go-toml 2.4) does.

tomlkit reads them with Python's int(), float() and datetime. Those accept more than TOML (digits of other scripts, no-break spaces), and less
than Go (nanoseconds, the year 0).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import NamedTuple

_TIME = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])(?::(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]+))?)?"
_MOMENT = rf"(?P<date>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})(?:[Tt ]{_TIME}(?P<zone>[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?"
_DIGITS = "[0-9](?:_?[0-9])*"
_NUMBER = re.compile(
    r"(?P<hex>0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*)|(?P<octal>0o[0-7](?:_?[0-7])*)|(?P<binary>0b[01](?:_?[01])*)"
    rf"|(?P<special>[+-]?(?:inf|nan))|(?P<decimal>[+-]?(?:0|[1-9](?:_?[0-9])*)(?P<float>(?:\.{_DIGITS})?(?:[eE][+-]?{_DIGITS})?))"
)
_INT64 = range(-(2**63), 2**63)
_LONGEST_INT64 = 20
STARTS = frozenset("+-0123456789in")
"""The characters that a number, date or time can begin with."""


class Moment(NamedTuple):
    """A date, a time, or both, in the spellings that flyctl writes."""

    json: str
    """As a JSON string (MarshalJSON)."""
    printed: str
    """As %v prints it."""


def read_scalar(text: str, start: int) -> tuple[int | float | Moment, int] | None:
    """The number, date or time at `start`, and its end; None if there is none. Raises ValueError if it is out of range."""
    if text.startswith("-", start + 4):
        found = re.compile(_MOMENT).match(text, start)
        if found is not None:
            return _moment(found), found.end()
    if text.startswith(":", start + 2):
        found = re.compile(_TIME).match(text, start)
        if found is not None:
            clock = _clock(found)
            return Moment(json=clock, printed=clock), found.end()
    found = _NUMBER.match(text, start)
    return None if found is None else (_number(found), found.end())


def _number(found: re.Match[str]) -> int | float:
    token = found[0].replace("_", "")
    if found["special"]:
        return float(token)
    if found["float"]:
        value = float(token)
        if math.isinf(value):
            raise ValueError(f"{found[0]} is too large for a number")
        return value
    if found["decimal"]:
        if len(token) > _LONGEST_INT64 or int(token) not in _INT64:
            raise ValueError("an integer does not fit into 64 bits")
        return int(token)
    number = int(token, 0)
    if number not in _INT64:
        raise ValueError("an integer does not fit into 64 bits")
    return number


def _moment(found: re.Match[str]) -> Moment:
    date = found["date"]
    _check_date(date)
    if found["hour"] is None:
        return Moment(json=date, printed=date)
    zone = found["zone"]
    if zone is None:
        local = f"{date}T{_clock(found)}"
        return Moment(json=local, printed=local)
    clock = _clock(found)
    if "." in clock:
        clock = clock.rstrip("0").rstrip(".")
    offset = "+0000" if zone in "Zz" else zone.replace(":", "")
    is_utc = offset[1:] == "0000"
    printed = f"{date} {clock} " + ("+0000 UTC" if is_utc else f"{offset} {offset}")
    return Moment(json=f"{date}T{clock}{'Z' if is_utc else zone}", printed=printed)


def _check_date(date: str) -> None:
    """Raises ValueError for a day that does not exist. Go accepts the year 0, a leap year; Python's calendar begins with 1."""
    year, month, day = (int(part) for part in date.split("-"))
    try:
        dt.date(year or 4, month, day)
    except ValueError as error:
        raise ValueError(f"there is no day {date}") from error


def _clock(found: re.Match[str]) -> str:
    """The time, with at most nine decimal places, because Go has nanoseconds."""
    fraction = found["fraction"]
    tail = f".{fraction[:9]}" if fraction else ""
    return f"{found['hour']}:{found['minute']}:{found['second'] or '00'}{tail}"
