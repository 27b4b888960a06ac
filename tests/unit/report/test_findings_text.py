"""Findings on a terminal."""

from __future__ import annotations

import re

from entrypoint.kernel.findings import Severity
from entrypoint.report.findings_text import findings_text
from tests.unit.report.made import HOSTILE, finding


def test_a_finding_with_its_line_and_a_count() -> None:
    text = findings_text(
        [finding(line=2, column=1, end_column=2), finding(severity=Severity.ERROR, file=None, hint="")],
        texts={"fly.toml": "app = 'a'\nx = 1\n"},
    )
    assert text == (
        "fly.toml:2:1: warning: there is no key `x` [unknown-key]\n"
        "    2 | x = 1\n"
        "      | ^\n"
        "        Remove it.\n"
        "\n"
        "error: there is no key `x` [unknown-key]\n"
        "\n"
        "1 error, 1 warning\n"
        "What each [rule] means: https://github.com/flightplan-dev/flightplan/blob/main/docs/rules/README.md\n"
    )


def test_nothing_found() -> None:
    assert findings_text([], texts={}) == "no findings\n"


def test_lines_are_counted_as_toml_counts_them() -> None:
    """Python's splitlines would see three more lines before the finding."""
    source = "# \x0b \x0c \u2028 \x85\nx = 1\n"
    assert "    2 | x = 1\n" in findings_text([finding(line=2)], texts={"fly.toml": source})


def test_hostile_text_is_text() -> None:
    made = finding(message=HOSTILE, hint=HOSTILE, rule=HOSTILE, file=HOSTILE)
    text = findings_text([made], texts={HOSTILE: HOSTILE.replace("\n", " ")})
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert not [line for line in text.split("\n") if line.lstrip().startswith("::")]
