"""The line under a finding: carets stand under what they mean, whatever the line holds."""

from __future__ import annotations

import re

import pytest

from entrypoint.kernel.findings import Span
from entrypoint.report.findings.excerpt import WIDTH, excerpt


def at(line: str, word: str) -> tuple[str, str]:
    start = line.index(word)
    span = Span(line=1, column=start + 1, end_line=1, end_column=start + 1 + len(word))
    found = excerpt([line], span)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("line", "word", "shown", "carets"),
    [
        ("a = 1", "1", "a = 1", "    ^"),
        ("\ta = 12", "12", "    a = 12", "        ^^"),
        ("a = '日本' # x", "'日本'", "a = '日本' # x", "    ^^^^^^"),
        ("'日本' = 12", "12", "'日本' = 12", "         ^^"),
        ("'e\u0301' = 12", "12", "'e\u0301' = 12", "      ^^"),
        ("a = '\x1b[31m' # \x9b", "#", "a = '\ufffd[31m' # \ufffd", "            ^"),
        ("a = '\u202e' # x", "#", "a = '\ufffd' # x", "        ^"),
        ("a = 1\r", "1", "a = 1", "    ^"),
    ],
)
def test_carets_stand_under_the_word(line: str, word: str, shown: str, carets: str) -> None:
    assert at(line, word) == (shown, carets)


@pytest.mark.parametrize("place", [0, 30, 500, 9_990])
def test_a_long_line_is_cut_around_the_caret(place: int) -> None:
    line = ("x" * place + "HERE").ljust(10_000, "y")
    shown, carets = at(line, "HERE")
    assert len(shown) <= WIDTH + 2
    assert shown[carets.index("^") :].startswith("HERE")
    assert carets.strip() == "^^^^"
    assert shown.startswith("…") == (place > WIDTH // 3)


def test_a_long_value_is_underlined_as_far_as_it_is_shown() -> None:
    shown, carets = at(f"a = '{'x' * 1000}'", f"'{'x' * 1000}'")
    assert len(carets) <= len(shown) <= WIDTH + 2


def test_a_value_over_several_lines_is_underlined_to_the_end_of_the_first() -> None:
    assert excerpt(["a = [", "1]"], Span(line=1, column=5, end_line=2, end_column=3)) == ("a = [", "    ^")


@pytest.mark.parametrize(
    ("line", "column"), [(1, 99), (1, 6), (2, 1)], ids=["beyond the line", "at its end", "empty line"]
)
def test_places_beyond_the_text_are_shown_at_its_end(line: int, column: int) -> None:
    found = excerpt(["a = 1", ""], Span(line=line, column=column, end_line=line, end_column=column + 1))
    assert found is not None
    assert re.fullmatch(r" *\^", found[1])


def test_no_line_no_excerpt() -> None:
    assert excerpt(["a"], Span(line=2, column=1, end_line=2, end_column=2)) is None
    assert excerpt([], Span(line=1, column=1, end_line=1, end_column=2)) is None
