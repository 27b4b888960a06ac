"""Sizes and commands as the Go libraries behind flyctl read them. Every expectation was observed on those libraries."""

from __future__ import annotations

import pytest

from entrypoint.manifest.values import parse_int64, parse_memory, parse_volume_size, split_command, to_int64

LONGEST = 2**63 - 1


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
