"""fly.json: the same tree, with places, as Go reads JSON."""

from __future__ import annotations

import json

import pytest

from entrypoint.manifest.model import FlyctlStage
from entrypoint.manifest.read import read
from entrypoint.manifest.syntax.json_text import JsonError, parse_json


def test_findings_stand_at_their_values() -> None:
    text = '{\n  "app": "é",\n  "http_service": {"internal_port": "80",\n    "processes": ["app", 5]}\n}'
    found = [
        (f.span.line, f.span.column, f.span.end_column, f.path)
        for f in read(text, file="fly.json").findings
        if f.rule == "wrong-type" and f.span
    ]
    assert found == [(3, 37, 41, "http_service.internal_port"), (4, 26, 27, "http_service.processes[1]")]


def test_every_number_is_a_float64_and_a_null_is_nothing() -> None:
    manifest = read(
        '{"app": null, "env": {"A": 1000000, "B": 1.5, "C": 80}, "swap_size_mb": 512}', file="fly.json"
    ).manifest
    assert manifest is not None
    assert (manifest.app, manifest.values["swap_size_mb"]) == (None, 512)
    assert manifest.table("env") == {"A": "1e+06", "B": "1.5", "C": "80"}


def test_of_a_key_written_twice_the_last_counts() -> None:
    manifest = read(
        '{"app": "a", "app": "b", "primary_region": "ams", "primary_region": null}', file="fly.json"
    ).manifest
    assert manifest is not None
    assert (manifest.app, manifest.primary_region) == ("b", None)


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [("", 1, 1), ("{", 1, 2), ('{"a": 1,}', 1, 9), ('{\n"a": tru}', 2, 6), ("[]", 1, 1), ('{"a": NaN}', 1, 1), ('{"a": 1e999}', 1, 7), ("\ufeff{}", 1, 1), ('{"a": 1} x', 1, 10)],
)  # fmt: skip
def test_what_is_no_json_object(text: str, line: int, column: int) -> None:
    reading = read(text, file="fly.json")
    assert reading.stage is FlyctlStage.TOML
    (finding,) = reading.findings
    assert finding.span is not None
    assert (finding.span.line, finding.span.column) == (line, column)


def test_half_a_surrogate_pair_can_be_written_again() -> None:
    node = parse_json('{"a\\ud800": "\\udc00b\\ud83d\\ude00"}')
    assert isinstance(node.value, dict)
    ((key, item),) = node.value.items()
    assert (key, item.value) == ("a\ufffd", "\ufffdb\U0001f600")


def test_too_deep_is_an_error_of_its_own_kind() -> None:
    with pytest.raises(JsonError, match="deep"):
        parse_json(json.dumps({"a": 1})[:-2] + "[" * 100_000 + "]" * 100_000 + "}")
