"""Findings in a comment and in the summary."""

from __future__ import annotations

import re

from entrypoint.kernel.findings import Severity
from entrypoint.report.findings.as_markdown import findings_markdown
from tests.unit.report.made import HOSTILE, finding, run_context

RULE = "[`unknown-key`](https://github.com/flightplan-dev/flightplan/blob/main/docs/rules/unknown-key.md)"


def test_the_worst_first_with_a_link_to_the_rule() -> None:
    findings = [finding(), finding(severity=Severity.ERROR, line=7)]
    assert findings_markdown(findings, app="shop", run=run_context()) == (
        "### shop · cannot deploy: 1 error\n\n"
        f"- 🛑 `fly.toml:7` There is no key `x`. Remove it. {RULE}\n"
        f"- ⚠️ `fly.toml:1` There is no key `x`. Remove it. {RULE}\n"
    )


def test_the_line_is_a_link_where_there_is_a_commit() -> None:
    run = run_context(server_url="https://github.com", repository="acme/shop", sha="4e1c0aa")
    text = findings_markdown([finding(file="my apps/fly.toml", line=7)], app="shop", run=run)
    assert "[`my apps/fly.toml:7`](https://github.com/acme/shop/blob/4e1c0aa/my%20apps/fly.toml#L7)" in text


def test_it_fits_into_a_comment_and_says_how_many_are_left_out() -> None:
    findings = [finding(message="x" * 400, line=n + 1) for n in range(1000)]
    text = findings_markdown(findings, app="shop", run=run_context())
    assert len(text) < 60_000
    shown = text.count("\n- ⚠️")
    assert f"- … and {1000 - shown} more: the log lists all." in text


def test_hostile_text_is_text() -> None:
    text = findings_markdown([finding(message=HOSTILE, hint=HOSTILE)], app=HOSTILE, run=run_context())
    assert "@team" not in text
    assert not re.search(r"(?<!\\)<!--", text.replace("`<!-- x -->`", "")), (
        "a comment only as code or escaped"
    )
    assert "##[" not in text
    assert len(text.split("\n")) == 4
