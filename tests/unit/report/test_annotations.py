"""What the runner reads: at most ten of a kind, the worst first, and nothing foreign as a command."""

from __future__ import annotations

import re

import pytest

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.report.findings.annotations import annotation, annotation_lines, neutral, said
from tests.unit.report.made import HOSTILE, finding

COMMAND = re.compile(r"::(error|warning|notice) ?[^\r\n]*::[^\r\n]*")


def test_one_finding_as_the_runner_takes_it() -> None:
    assert annotation(finding(line=3, column=5, end_column=9)) == (
        "::warning title=unknown-key,file=fly.toml,line=3,endLine=3,col=5,endColumn=9::there is no key `x`%0ARemove it."
    )


def test_the_worst_come_first() -> None:
    severities = (Severity.NOTICE, Severity.ERROR, Severity.WARNING, Severity.ERROR)
    lines = list(annotation_lines([finding(severity=severity) for severity in severities]))
    assert [line.split(" ")[0] for line in lines] == ["::error", "::error", "::warning", "::notice"]


@pytest.mark.parametrize("number", [1, 10])
def test_ten_of_a_kind_are_all_shown(number: int) -> None:
    lines = list(annotation_lines([finding(line=n + 1) for n in range(number)]))
    assert len(lines) == number
    assert "more" not in lines[-1]


def test_more_than_ten_of_a_kind_are_summed_up_in_the_tenth() -> None:
    findings = [finding(severity=Severity.ERROR, line=n + 1) for n in range(25)]
    findings += [finding(line=n + 1) for n in range(11)]
    lines = list(annotation_lines(findings))
    assert [line[:8] for line in lines] == ["::error "] * 9 + ["::error:"] + ["::warnin"] * 10
    assert lines[9] == "::error::16 more of this kind: the log lists all."
    assert lines[-1] == "::warning::2 more of this kind: the log lists all."


@pytest.mark.parametrize("place", ["message", "hint", "rule", "file"])
def test_hostile_text_stays_one_command_of_ours(place: str) -> None:
    made: Finding = finding(**{place: HOSTILE})  # type: ignore[arg-type]
    (line,) = annotation_lines([made])
    assert COMMAND.fullmatch(line)
    assert line.startswith("::warning title=")
    assert "##[" not in line
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", line)
    properties = line[len("::warning ") :].partition("::")[0]
    assert len(re.findall(r"(?:^|,)(?:title|file|line|endLine|col|endColumn)=[^,:]*", properties)) == 6


def test_a_long_message_is_cut_below_what_the_runner_cuts() -> None:
    assert len(annotation(finding(message="x" * 100_000))) < 4096


def test_foreign_lines_in_a_log_are_no_commands() -> None:
    for line in neutral(HOSTILE).split("\n"):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_a_path_is_spelt_as_github_spells_it() -> None:
    """Otherwise the annotation does not show on the changed lines."""
    assert "file=apps/fly.toml," in annotation(finding(file="./apps/fly.toml"))


def test_what_did_not_work__is_an_annotation_of_the_run_in_a_workflow_only():
    text = "no\n::error::x %"
    assert (
        said(text, kind=Severity.WARNING, in_actions=True)
        == "::warning title=Flightplan::no%0A:\u2060:error::x %25"
    )
    assert (
        said("at https://x.example", kind=Severity.NOTICE, in_actions=True)
        == "::notice title=Flightplan::at https://x.example"
    )
    assert said("no", kind=Severity.WARNING, in_actions=False) == "warning: no"
    assert said("at", kind=Severity.NOTICE, in_actions=False) == "at"
