"""Any text gives a manifest, or findings that stand somewhere in it: never an exception. And the whole of validate can print them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrypoint.kernel.findings import Finding, has_errors
from entrypoint.kernel.run import Compat
from entrypoint.manifest.model import FlyctlStage
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import Reading, read
from entrypoint.report.findings.as_json import validation_json
from entrypoint.report.findings.terminal import findings_text
from tests.property.texts import DEEP, damaged_files, deep, token_soup


def check(text: str | bytes, *, file: str = "fly.toml") -> Reading:
    """Read, print and judge."""
    reading = read(text, file=file)
    shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
    for finding in reading.findings:
        check_place(finding, shown)
    if reading.manifest is None:
        assert has_errors(reading.findings)
        assert reading.stage in (FlyctlStage.TOML, FlyctlStage.DECODE)
    if reading.stage is not FlyctlStage.OK:
        assert any(finding.flyctl_rejects for finding in reading.findings)
    for compat in Compat:
        assert validation_json(reading, reading.findings, compat=compat)
    findings_text(reading.findings, texts={file: shown})
    return reading


def check_place(finding: Finding, text: str) -> None:
    """In the text, and not backwards."""
    span = finding.span
    if span is None:
        return
    lines = text.split("\n")
    assert 1 <= span.line <= len(lines)
    assert 1 <= span.end_line <= len(lines)
    assert 1 <= span.column <= len(lines[span.line - 1]) + 2
    assert 1 <= span.end_column <= len(lines[span.end_line - 1]) + 2
    assert (span.line, span.column) <= (span.end_line, span.end_column)


@given(st.binary(max_size=300))
def test_bytes(data: bytes) -> None:
    check(data)


@given(token_soup())
def test_tokens(text: str) -> None:
    check(text)


@given(damaged_files())
def test_damaged_files(text: str) -> None:
    check(text)


@given(st.sampled_from(DEEP), st.integers(1, 300))
def test_deep_texts(kind: str, depth: int) -> None:
    check(deep(kind, depth), file="fly.json" if kind == "json" else "fly.toml")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ("app", "env", "services", "vm", "processes", "checks", "mounts", "port", "x")
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_json(value: object) -> None:
    check(json.dumps(value), file="fly.json")


@given(token_soup() | damaged_files())
def test_policies(text: str) -> None:
    for finding in read_policy(text, file="flightplan.toml").findings:
        check_place(finding, text)


@pytest.mark.parametrize("depth", [101, 5_000, 100_000])
@pytest.mark.parametrize("kind", [kind for kind in DEEP if not kind.endswith(("headers", "headers]]"))])
def test_far_too_deep(kind: str, depth: int) -> None:
    reading = check(deep(kind, depth), file="fly.json" if kind == "json" else "fly.toml")
    assert reading.manifest is None or kind == "machine_config" or (kind, depth) == ("json", 101)


@pytest.mark.parametrize(
    "text",
    [
        'app = "' + "x" * 1_000_000 + '"',
        "# " + "x" * 1_000_000,
        "x" * 1_000_000,
        " " * 1_000_000,
        "[" + "x" * 1_000_000,
        "a = 0." + "1" * 1_000_000,
        "a = " + "9" * 1_000_000,
        'kill_timeout = "' + "1" * 1_000_000 + 's"',
        '[[vm]]\nmemory = "' + "1" * 1_000_000 + '"',
        '[[services]]\nconcurrency = "' + "1" * 500_000 + "," + "1" * 500_000 + '"',
        '[processes]\nweb = "' + "a " * 300_000 + '"',
    ],
    ids=lambda text: text[:24],
)
def test_lines_of_a_megabyte(text: str) -> None:
    check(text)
