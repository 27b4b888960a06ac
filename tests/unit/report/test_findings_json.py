"""JSON and SARIF: what other programs read."""

from __future__ import annotations

import json
import re

import pytest

from entrypoint.kernel.findings import Severity
from entrypoint.kernel.run import Compat
from entrypoint.manifest.checks.rules.catalogue import PAGES
from entrypoint.manifest.read import read
from entrypoint.report.findings.as_json import validation_json
from entrypoint.report.findings.as_sarif import findings_sarif
from tests.unit.report.made import HOSTILE, finding


@pytest.mark.parametrize(
    ("toml", "stage"),
    [("a =", "toml"), ("app = 1", "decode"), ("[[restart]]\npolicy = 'no'", "validate"), ("app = 'a'", "ok")],
)
def test_it_says_what_flyctl_makes_of_the_file(toml: str, stage: str) -> None:
    reading = read(toml, file="fly.toml")
    data = json.loads(validation_json(reading, reading.findings, compat=Compat.FLIGHTPLAN))
    assert data["flyctl"] == {"stage": stage}
    assert [f["flyctl_rejects"] for f in data["findings"]] == ([] if stage == "ok" else [True])


def test_a_finding_has_its_place_and_its_page() -> None:
    reading = read("[http_service]\ninternal_port = 1\nautostop = 'stop'", file="fly.toml")
    (found,) = json.loads(validation_json(reading, reading.findings, compat=Compat.FLIGHTPLAN))["findings"]
    assert found == {
        "rule": "unknown-key",
        "severity": "warning",
        "message": "flyctl ignores `autostop`: `[http_service]` has no such key",
        "hint": "Did you mean `auto_stop_machines`?",
        "file": "fly.toml",
        "line": 3,
        "column": 1,
        "end_line": 3,
        "end_column": 9,
        "path": "http_service.autostop",
        "flyctl_rejects": False,
        "help": "https://github.com/flightplan-dev/flightplan/blob/main/docs/rules/unknown-key.md",
    }


def test_hostile_text_is_data() -> None:
    made = finding(message=HOSTILE, hint=HOSTILE, rule=HOSTILE, file=HOSTILE)
    reading = read("app = 'a'", file="fly.toml")
    for text in (validation_json(reading, [made], compat=Compat.FLIGHTPLAN), findings_sarif([made])):
        assert HOSTILE in _strings(json.loads(text))
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]|##\[", text)
        assert not [line for line in text.split("\n") if line.lstrip().startswith("::")]


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return [value] if isinstance(value, str) else []


def test_sarif_has_what_code_scanning_needs() -> None:
    findings = [
        finding(
            severity=Severity.ERROR,
            rule="vm-size",
            file="./apps/my shop/fly.toml",
            line=3,
            column=8,
            end_column=12,
        ),
        finding(severity=Severity.NOTICE, rule="region"),
        finding(rule="vm-size"),
    ]
    log = json.loads(findings_sarif(findings))
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    driver, results = log["runs"][0]["tool"]["driver"], log["runs"][0]["results"]
    assert [rule["id"] for rule in driver["rules"]] == ["region", "vm-size"]
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"] == PAGES[rule["id"]]
        assert rule["helpUri"].endswith(f"/docs/rules/{rule['id']}.md")
    assert [(r["ruleId"], r["ruleIndex"], r["level"]) for r in results] == [
        ("vm-size", 1, "error"),
        ("region", 0, "note"),
        ("vm-size", 1, "warning"),
    ]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "apps/my%20shop/fly.toml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 3, "startColumn": 8, "endLine": 3, "endColumn": 12},
    }
    assert results[0]["message"]["text"] == "there is no key `x`. Remove it."
