"""Findings on a terminal."""

from __future__ import annotations

import re

import pytest

from entrypoint.kernel.findings import Severity
from entrypoint.manifest.read import read
from entrypoint.report.findings.terminal import findings_text
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


@pytest.mark.parametrize(
    ("toml", "rule", "shown", "carets"),
    [
        ('[env]\nAPI_TOKEN = "hunter2hunter2"', "secret-in-env", "API_TOKEN = …", "^^^^^^^^^"),
        ('env.API_TOKEN = "hunter2hunter2"', "secret-in-env", "env.API_TOKEN = …", "^^^^^^^^^^^^^"),
        (
            'env = { A = "hunter2", API_TOKEN = "hunter2hunter2" }',
            "secret-in-env",
            "… API_TOKEN = …",
            "  ^^^^^^^^^",
        ),
        ("[env]\nPIN = 0x1F", "env-value", "PIN = …", "      ^"),
        ("[build.args]\nNPM_TOKEN = 'hunter2hunter2'", "secret-in-env", "NPM_TOKEN = …", "^^^^^^^^^"),
        (
            "[[files]]\nguest_path = '/a'\nraw_value = 'aHVudGVyMmh1bnRlcjI='",
            "files-raw-value",
            "raw_value = …",
            "            ^",
        ),
        ("[env]\nA = 'hunter2", "toml-syntax", None, None),
        ("[env]\nA = 'hunter2'\nA = 'hunter2'", "toml-syntax", "A = …", "^"),
        ("env = 'hunter2'", "wrong-type", "env = …", "      ^"),
        ("[env]\nA = ['hunter2']", "env-value", "A = …", "    ^"),
        ("env = ['A=hunter2']", "wrong-type", None, None),
        ("[Env]\nA = ['hunter2']", "wrong-type", "A = …", "    ^"),
        ("env = { A = ['hunter2'], B = {} }", "env-value", None, None),
        ("[experimental]\nenv = { A = 'hunter2' }", "misplaced-key", "env = …", "^^^"),
        ("[[files]]\nguest_path = '/a'\nraw_value = ['hunter2']", "wrong-type", "raw_value = …", None),
        ("[build.args]\nA = ['hunter2']", "wrong-type", "A = …", "    ^"),
        ("[[http_service.checks]]\nheaders = ['hunter2']", "wrong-type", "headers = …", None),
        ("""machine_config = '{"env": {"A": "hunter2"}'""", "machine-config", "machine_config = …", None),
        ("env.A = hunter2", "toml-syntax", None, None),
        ("[build]\nargs = { A = 'x', B = hunter2 }", "toml-syntax", None, None),
        ("env = { A = 'x', B = hunter2 }", "toml-syntax", None, None),
        ("['env']\nA = hunter2", "toml-syntax", None, None),
        ('["e\\u006ev"]\nA = hunter2', "toml-syntax", None, None),
        ('[env]\nA = """\n[processes]\nhunter2 \\q\n"""', "toml-syntax", None, None),
        ("[checks.web]\nheaders = { A = hunter2 }", "toml-syntax", None, None),
    ],
)
def test_values_of_variables_and_files_are_not_shown(
    toml: str, rule: str, shown: str | None, carets: str | None
) -> None:
    findings = [f for f in read(toml, file="fly.toml").findings if f.rule == rule]
    assert findings
    text = findings_text(findings, texts={"fly.toml": toml})
    assert "hunter2" not in text
    assert "aHVudGVy" not in text
    assert "0x1F" not in text
    if shown:
        assert f" | {shown}\n" in text
    if carets:
        assert f" | {shown}\n      | {carets}\n" in text
