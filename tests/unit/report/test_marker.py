"""A comment's frame: read back to the letter, whatever stands in it, and whoever wrote it."""

from __future__ import annotations

import base64
import zlib

import pytest

from entrypoint.report.marker import MarkerKey, frame, parse, with_outcome
from tests.unit.planning.kit import machine, plan, record_of

KEY = MarkerKey(app="acme-shop", config="fly.toml", environment="")
RECORD = record_of(plan("", machine("a")))
HEAD = f"<!-- flightplan:1 {KEY.encode()} -->"


def packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_what_was_posted__is_read_back_however_github_turns_its_lines() -> None:
    body = frame(KEY, "### Plan  \r\n\r\ntext\t\n", RECORD)
    for kept in (body, body.replace("\n", "\r\n"), body.rstrip(), f"{body}\n\n"):
        framed = parse(kept)
        assert framed is not None
        assert (framed.key, framed.record, framed.problem) == (KEY, RECORD, "")


def test_an_outcome_that_imitates_a_record_or_a_marker__is_no_second_one() -> None:
    body = frame(KEY, "plan", RECORD)
    line = body.strip().split("\n")[-1]
    for text in (line, f"{line}  ", f"x\r\n{line}\r\n", HEAD, f"{HEAD}\n{line}"):
        framed = parse(with_outcome(body, text))
        assert framed is not None
        assert framed.record == RECORD
        assert "flightplan" not in framed.outcome


@pytest.mark.parametrize("plan_text", [HEAD, "<!-- flightplan-record:1 AAAA -->", f"a\n{HEAD}  \nb"])
def test_a_plan_that_imitates_them__neither(plan_text: str) -> None:
    framed = parse(frame(KEY, plan_text, RECORD))
    assert framed is not None
    assert framed.record == RECORD


@pytest.mark.parametrize(
    "data",
    [
        packed(zlib.compress(b"[" * 300_000, 9)),
        packed(zlib.compress(b" " * 2**26, 9)),
        packed(zlib.compress(b"{}")[:-1]),
        packed(b"{}"),
        packed(zlib.compress(b"\xff")),
        "A",
        "",
    ],
)
def test_a_record_made_to_hurt__is_none(data: str) -> None:
    framed = parse(f"{HEAD}\nplan\n<!-- flightplan-record:1 {data} -->")
    assert framed is not None
    assert framed.record is None
    assert framed.problem == "its record cannot be read"
