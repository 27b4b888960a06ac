"""Durations as Go reads and spells them (every expectation was observed on Go), and the dialects that differ."""

from __future__ import annotations

import pytest

from entrypoint.fleet.normalise import normal_config
from entrypoint.kernel.durations import (
    MILLISECOND,
    SECOND,
    format_duration,
    parse_duration,
    parse_seconds,
    seconds_in_words,
)

LONGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("10s", 10 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1h2m3.5s", 3723 * SECOND + SECOND // 2),
        ("0", 0),
        ("+0", 0),
        ("-5s", -5 * SECOND),
        ("+5s", 5 * SECOND),
        (".5s", SECOND // 2),
        ("5.s", 5 * SECOND),
        ("1us", 1_000),
        ("1µs", 1_000),
        ("1μs", 1_000),
        ("1ns", 1),
        ("0.9ns", 0),
        ("1.0000000001s", SECOND),
        ("1.99999999999999999999s", 2 * SECOND),
        ("0.1234567890123456789s", 123_456_789),
        ("0.000000000001h", 3),
        ("9223372036854775807ns", LONGEST),
        ("-9223372036854775808ns", -LONGEST - 1),
        ("2562047h47m16.854775807s", LONGEST),
        ("1h1h", 7200 * SECOND),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, nanoseconds: int) -> None:
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    "text",
    ["", "120", "1d", "1w", "s", ".", ".s", "1e3s", "--3s", "+-3s", " 1s", "1s ", "1 s", "1S", "１s", "1h1", "µ1s", "9223372036854775808ns",
     "2562048h", "-9223372036854775809ns", "0.", "-", "1.5.5s"],
)  # fmt: skip
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0s"), (1, "1ns"), (1_500, "1.5µs"), (10_000, "10µs"), (500_000_000, "500ms"), (1_900_000_000, "1.9s"), (60 * SECOND, "1m0s"),
     (3600 * SECOND, "1h0m0s"), (90 * SECOND, "1m30s"), (-5 * SECOND, "-5s"), (LONGEST, "2562047h47m16.854775807s"),
     (-LONGEST - 1, "-2562047h47m16.854775808s")],
)  # fmt: skip
def test_a_duration_is_spelt_as_go_spells_it(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text
    assert parse_duration(text) == nanoseconds


@pytest.mark.parametrize("text", ["9" * 10_000 + "s", "1x" * 10_000, "1" * 10_000])
def test_a_long_text__is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="duration") as wrong:
        parse_duration(text)
    assert len(str(wrong.value)) < 200


def test_zeros_before_a_number__do_not_count() -> None:
    assert parse_duration("0" * 10_000 + "1s") == SECOND


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90.0), ("0.5", 0.5), ("90s", 90.0), ("1m30s", 90.0), ("+5s", 5.0)]
)
def test_a_bare_number_in_an_input__counts_seconds(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "-5", "1e3", "inf", "nan", "٣", "1 m"])
def test_what_is_no_number_of_seconds(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_seconds(text)


def live(value: object) -> object:
    """What a live config's stop timeout is in normal form."""
    stop = normal_config({"stop_config": {"timeout": value}}).get("stop_config", {})  # type: ignore[dict-item]
    return stop.get("timeout") if isinstance(stop, dict) else None


@pytest.mark.parametrize(
    ("value", "nanoseconds"),
    [
        ("1m30s", 90 * SECOND),
        (90, 90),
        ("+5s", 5 * SECOND),
        ("500ms", 500 * MILLISECOND),
        ("soon", "soon"),
        ("120", "120"),
        ("1.5.5s", "1.5.5s"),
    ],
)
def test_a_number_in_a_live_config__counts_nanoseconds_and_what_is_none_stays(
    value: object, nanoseconds: object
) -> None:
    assert live(value) == nanoseconds


@pytest.mark.parametrize(
    ("value", "words"), [(0.4, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (300, "5 min")]
)
def test_seconds__as_people_say_them(value: float, words: str) -> None:
    assert seconds_in_words(value) == words
