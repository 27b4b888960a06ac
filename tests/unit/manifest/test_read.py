"""The one door: bytes in, whatever they are."""

from __future__ import annotations

import pytest

from entrypoint.kernel.findings import Span
from entrypoint.manifest.model import FlyctlStage
from entrypoint.manifest.read import read
from tests.unit.manifest.kit import config_of, reading_of


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [(b"\xff", 1, 1), (b'a = 1\nb = "\xc3\xa9\xe9"', 2, 7), (b"# \xed\xa0\x80", 1, 3), (b"ab\xc0\x80", 1, 3)],
)
def test_what_is_not_utf_8_is_found_in_characters(data: bytes, line: int, column: int) -> None:
    reading = read(data, file="fly.toml")
    (finding,) = reading.findings
    assert (reading.stage, reading.manifest, reading.source) == (FlyctlStage.TOML, None, None)
    assert finding.span == Span(line=line, column=column, end_line=line, end_column=column + 1)


def test_fly_yaml_is_refused_with_what_to_do() -> None:
    (finding,) = read("app: x", file="deploy/fly.yaml").findings
    assert "fly config save" in finding.hint


def test_yml_is_toml_as_for_flyctl() -> None:
    assert read('app = "x"', file="fly.yml").stage is FlyctlStage.OK


@pytest.mark.parametrize(
    ("toml", "stage"),
    [
        ("a = ", FlyctlStage.TOML),
        ("app = 1\nstrategy", FlyctlStage.TOML),
        ("app = 1\n[deploy]\nstrategy = 'x'", FlyctlStage.DECODE),
        ("[deploy]\nstrategy = 'x'", FlyctlStage.VALIDATE),
        ("[[vm]]\nsize = 'x'", FlyctlStage.OK),
        ("", FlyctlStage.OK),
    ],
)
def test_how_far_flyctl_gets(toml: str, stage: FlyctlStage) -> None:
    assert reading_of(toml).stage is stage


def test_findings_come_in_the_order_of_the_file_each_once() -> None:
    findings = reading_of(
        "[deploy]\nstrategy = 'x'\nwait_timeout = 'y'\n[http_service]\ninternal_port = '1'"
    ).findings
    places = [(f.span.line, f.span.column) for f in findings if f.span]
    assert places == sorted(places)
    assert len(set(findings)) == len(findings)


@pytest.mark.parametrize(
    ("later", "files"),
    [
        (
            "raw_value = 'b'",
            [{"guest_path": "/a", "raw_value": "Yg=="}, {"guest_path": "/z", "secret_name": "Z"}],
        ),
        (
            "secret_name = 'S'",
            [{"guest_path": "/a", "secret_name": "S"}, {"guest_path": "/z", "secret_name": "Z"}],
        ),
        ("", [{"guest_path": "/z", "secret_name": "Z"}]),
    ],
)
def test_a_file_given_twice_is_the_later_one_and_gone_without_content(
    later: str, files: list[dict[str, str]]
) -> None:
    toml = f"[[files]]\nguest_path = '/a'\nraw_value = 'a'\n[[files]]\nguest_path = '/z'\nsecret_name = 'Z'\n[[files]]\nguest_path = '/a'\n{later}"
    assert config_of(toml).get("files") == files
