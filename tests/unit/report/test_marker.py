"""The frames of our comments: read back to the letter, whatever stands in them, and whoever wrote them."""

from __future__ import annotations

import base64
import zlib

import pytest

from entrypoint.planning.review.key import ReviewKey
from entrypoint.report.marker import frame_outcome, frame_plan, is_outcome, parse_plan, size
from tests.unit.planning.kit import machine, plan, record_of

KEY = ReviewKey(app="acme-shop", config="fly.toml", environment="")
RECORD = record_of(plan("", machine("a")))
HEAD = frame_plan(KEY, "", None).strip()


def packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_what_was_posted__is_read_back_however_github_turns_its_lines() -> None:
    body = frame_plan(KEY, "### Plan  \r\n\r\ntext\t\n", RECORD)
    for kept in (body, body.replace("\n", "\r\n"), body.rstrip(), f"{body}\n\n"):
        framed = parse_plan(kept)
        assert framed is not None
        assert (framed.key, framed.records, framed.visible) == (KEY, (RECORD,), "### Plan\n\ntext")
    assert size(KEY, RECORD) == len(frame_plan(KEY, "", RECORD))


def test_without_a_record__nothing_is_read() -> None:
    framed = parse_plan(frame_plan(KEY, "errors", None))
    assert framed is not None
    assert framed.records == ()


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        "<!-- flightplan-record:2 AAAA -->",
        f"a\n{HEAD}  \nb",
        frame_outcome(KEY, "1", "x"),
        frame_plan(KEY, "x", RECORD),
    ],
)
def test_a_text_that_imitates_our_lines__adds_none(text: str) -> None:
    framed = parse_plan(frame_plan(KEY, text, RECORD))
    assert framed is not None
    assert framed.records == (RECORD,)
    assert "flightplan" not in framed.visible
    assert parse_plan(frame_outcome(KEY, "1", text)) is None


def test_two_records__are_both_seen() -> None:
    line = frame_plan(KEY, "", RECORD).strip().split("\n")[-1]
    framed = parse_plan(f"{HEAD}\nplan\n{line}\n{line}\n<!-- flightplan-record:2 A -->")
    assert framed is not None
    assert framed.records == (RECORD, RECORD, None)


@pytest.mark.parametrize(
    "data",
    [
        packed(zlib.compress(b"[" * 300_000, 9)),
        packed(zlib.compress(b" " * 2**26, 9)),
        packed(zlib.compress(b"{}")[:-1]),
        packed(b"{}"),
        packed(zlib.compress(b"\xff")),
        packed(zlib.compress(b"[]")),
        "A",
        "",
    ],
)
def test_a_record_made_to_hurt__is_none(data: str) -> None:
    framed = parse_plan(f"{HEAD}\nplan\n<!-- flightplan-record:2 {data} -->")
    assert framed is not None
    assert framed.records == (None,)


@pytest.mark.parametrize(
    "body", ["", "text", f"text\n{HEAD}", "<!-- flightplan:2 AAAA -->", "<!-- flightplan:1 W10 -->", "\n"]
)
def test_other_comments__are_none_of_ours(body: str) -> None:
    assert parse_plan(body) is None
    assert not is_outcome(body, KEY, "4711")


def test_an_outcome_is_of_one_run_and_key() -> None:
    body = frame_outcome(KEY, "4711", "deployed")
    assert is_outcome(body, KEY, "4711")
    assert is_outcome(body.replace("\n", "\r\n").rstrip(), KEY, "4711")
    assert not is_outcome(body, KEY, "4712")
    assert not is_outcome(body, ReviewKey(app="acme-shop", config="fly.toml", environment="staging"), "4711")
