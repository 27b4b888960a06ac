"""What was seen on the real Fly: every fact has one row in tests/simulator/README.md, and every test that a row names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS / "simulator" / "README.md").read_text("utf-8")
FACTS = 131
PROVEN = re.findall(r"^\| L(\d+) \| (.+) \| (.+) \| `(\w+)::(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
ALL = re.findall(r"^\| L(\d+) \| (.+) \|$", PAGE, re.MULTILINE)
UNPROVEN = dict(ALL) | {row[0]: "" for row in PROVEN}
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)`")


def _has(path: Path, name: str) -> bool:
    return path.is_file() and f"def {name}(" in path.read_text("utf-8")


def test_every_fact_has_one_row() -> None:
    assert sorted(int(number) for number, _ in ALL) == list(range(1, FACTS + 1))


def test_most_facts_are_proven_and_each_of_these_was_seen_live_or_patched() -> None:
    assert len(PROVEN) == 100
    assert [row for row in PROVEN if not re.match(r"live|patch", row[2])] == []


def test_each_proven_fact_is_shown_through_plain_http() -> None:
    missing = [
        row[:1] + row[3:5]
        for row in PROVEN
        if not _has(TESTS / "contract" / f"test_simulator_{row[3]}.py", row[4])
    ]
    assert missing == []


def test_each_proven_fact_says_what_our_client_does() -> None:
    assert [row for row in PROVEN if row[5] != "–" and not NAMED.fullmatch(row[5])] == []


def test_no_unproven_fact_is_called_a_live_one_that_we_use() -> None:
    unproven = [text for number, text in ALL if UNPROVEN[number]]
    assert len(unproven) == FACTS - len(PROVEN)
    assert [text for text in unproven if re.search(r" \| (live|patch)( \||, indirect| \(|, run)", text)] == []


@pytest.mark.parametrize("number", [number for number, _ in ALL])
def test_the_tests_that_a_row_names_are_there(number: str) -> None:
    (text,) = [text for known, text in ALL if known == number]
    assert [found for found in NAMED.findall(text) if not _has(TESTS / found[0], found[1])] == []


def test_the_switches_and_faults_that_a_row_names_are_there() -> None:
    known = set(re.findall(r"^\| ([FS]\d+) \|", PAGE, re.MULTILINE))
    named = {word for number, text in ALL if UNPROVEN[number] for word in re.findall(r"\b[FS]\d+\b", text)}
    assert named
    assert named <= known
