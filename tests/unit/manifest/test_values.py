"""Durations, sizes and commands as the Go libraries behind flyctl read them. Every expectation was observed on those libraries."""

from __future__ import annotations

import pytest

from entrypoint.manifest.values import (
    format_duration,
    parse_duration,
    parse_int64,
    parse_memory,
    parse_volume_size,
    split_command,
    to_int64,
)

SECOND = 10**9
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


@pytest.mark.parametrize(
    ("text", "mebibytes"),
    [("1gb", 1024), ("1024", 1024), ("1.5gb", 1536), ("2 GiB", 2048), ("1.3gb", 1331), ("1kb", 0), ("0", 0), ("-5", -5), ("+5", 5),
     ("1GIB", 1024), ("1048576b", 1), ("1.gb", 1024), (".5gb", 512), ("1e3mb", 1000), ("1_000gb", 1_024_000), ("1tb", 2**20),
     ("9223372036854775807", LONGEST), ("9223372036854775808", -(2**43)), ("512 ", 0), ("00512", 512)],
)  # fmt: skip
def test_memory(text: str, mebibytes: int) -> None:
    assert parse_memory(text) == mebibytes


@pytest.mark.parametrize(
    ("text", "gigabytes"),
    [
        ("10", 10),
        ("1.5gb", 1),
        ("1GiB", 1),
        ("1000MB", 1),
        ("999MB", 0),
        ("1tb", 1000),
        ("500 gb", 500),
        ("10.0", 0),
        ("1PB", 10**6),
    ],
)
def test_the_size_of_a_volume_is_decimal(text: str, gigabytes: int) -> None:
    assert parse_volume_size(text) == gigabytes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lots",
        "gb",
        "-5gb",
        "1gbb",
        "1kk",
        "1eb",
        "1,5gb",
        "1.5.5gb",
        "1e400",
        "1  gb",
        "1 gb ",
        "_1gb",
        "1__0gb",
        "１gb",
    ],
)
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        parse_memory(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run web --port 80", ["run", "web", "--port", "80"]),
        ("run # c", ["run"]),
        ("run#c x", ["run#c", "x"]),
        ("# only", []),
        ("   ", []),
        ("a \"b\\nc\" d\\ e 'f\\g' $HOME && ls", ["a", "bnc", "d e", "f\\g", "$HOME", "&&", "ls"]),
        ("'' x", ["", "x"]),
        ("a\u00a0b", ["a\u00a0b"]),
        ("a \\\n b", ["a", "\n", "b"]),
        ("a # c\nb", ["a", "b"]),
        ("\r\n\t x", ["x"]),
        ("a'b c'd", ["ab cd"]),
    ],
)
def test_a_command_is_split_as_google_shlex_does(text: str, words: list[str]) -> None:
    assert split_command(text) == words


@pytest.mark.parametrize("text", ["sh -c 'oops", 'a "b', "a \\", '"a\\'])
def test_a_command_that_ends_too_early(text: str) -> None:
    with pytest.raises(ValueError, match=r"closed|backslash"):
        split_command(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("8080", 8080), ("-1", -1), ("+1", 1), ("007", 7), (str(2**63 - 1), 2**63 - 1), (str(-(2**63)), -(2**63)), (str(2**63), None), ("", None),
     (" 1", None), ("1_0", None), ("0x1", None), ("１", None), ("1" * 5000, None), ("0" * 5000 + "1", 1)],
)  # fmt: skip
def test_an_integer_in_a_string(text: str, number: int | None) -> None:
    assert parse_int64(text) == number


@pytest.mark.parametrize(
    ("number", "whole"),
    [(1.9, 1), (-1.9, -1), (1e18, 10**18), (2.0**63, -(2**63)), (-1e30, -(2**63)), (float("nan"), -(2**63))],
)
def test_a_float_is_cut_off_as_go_does_on_amd64(number: float, whole: int) -> None:
    assert to_int64(number) == whole
