"""Every id has a page and every page an id; every page's examples do what it says, on the line it marks."""

from __future__ import annotations

import re

import pytest

from entrypoint.kernel.findings import Severity
from entrypoint.kernel.run import Compat
from entrypoint.manifest.checks.rules.catalogue import PAGES, RULES
from entrypoint.manifest.checks.rules.flyctls import PLANNING
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.read import read
from entrypoint.report.text.escape import sections_in_code
from tests.unit.manifest.pages import FOLDER, SECTIONS, Example, example, page

IDS = sorted(PAGES)
FOUND_IN_FILES = sorted(set(PAGES) - set(PLANNING))
BESIDE = {"refused-suppression": {"restart-policy"}}
"""A suppression is refused beside the finding that it could not silence."""


def test_every_id_has_a_page_and_every_page_an_id() -> None:
    pages = {path.stem for path in FOLDER.glob("*.md")} - {"README"}
    assert pages == set(PAGES)


def test_a_rule_is_called_as_its_file() -> None:
    for rule in RULES:
        module = rule.__module__.rsplit(".", 1)[-1]
        assert module.replace("_", "-") in PAGES, module


@pytest.mark.parametrize("id_", IDS)
def test_the_page_has_the_form(id_: str) -> None:
    found = page(id_)
    assert found.title == f"# {id_}"
    assert found.summary == sections_in_code(PAGES[id_])
    assert tuple(found.sections) == SECTIONS
    assert all(found.sections.values())
    assert re.match(r"(Error|Warning|Notice)\b", found.level)
    for target in re.findall(r"\]\(([^)]+)\)", "\n".join(found.sections.values())):
        assert target.startswith("https://") or (FOLDER / target.partition("#")[0]).is_file(), target


@pytest.mark.parametrize("id_", FOUND_IN_FILES)
def test_the_bad_example_has_exactly_this_finding_on_the_marked_line(id_: str) -> None:
    bad = example(id_, "Bad")
    findings = bad.findings()
    assert bad.marked, "mark the line"
    assert {f.rule for f in findings} - BESIDE.get(id_, set()) == {id_}, findings
    mine = [f for f in findings if f.rule == id_]
    assert {(f.file, f.span.line if f.span else 0) for f in mine} == bad.marked
    worst = "Error" if any(f.severity is Severity.ERROR for f in mine) else mine[0].severity.value.title()
    assert worst in page(id_).level
    assert any(f.flyctl_rejects for f in mine) == ("flyctl rejects the file" in page(id_).level)


@pytest.mark.parametrize("id_", IDS)
def test_the_good_example_has_no_finding(id_: str) -> None:
    assert example(id_, "Good").findings() == ()


def test_every_finding_says_what_to_do() -> None:
    for id_ in sorted(set(FOUND_IN_FILES) - {"toml-syntax"}):
        for finding in example(id_, "Bad").findings():
            assert finding.hint or "must be" in finding.message, finding
            assert not finding.message.endswith("."), finding


def test_the_readme_lists_every_rule_with_its_sentence() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(.+?)\]\((.+?)\.md\) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [(id_, id_, sections_in_code(PAGES[id_])) for id_ in IDS]


def test_the_readme_s_suppressions_do_what_it_says() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    fly_toml, policy = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    found = Example(files={"fly.toml": fly_toml, "flightplan.toml": policy}).findings()
    assert [(f.rule, f.severity) for f in found] == [("default-group-only", Severity.NOTICE)]


def test_what_only_a_plan_finds_is_found_on_the_marked_line() -> None:
    bad = example("conversion", "Bad")
    manifest = read(bad.files["fly.toml"], file="fly.toml").manifest
    assert manifest is not None
    made = machine_config(manifest, group=manifest.groups[0], live=None, compat=Compat.FLIGHTPLAN)
    (finding,) = made.findings
    assert (finding.rule, finding.severity) == ("conversion", Severity.ERROR)
    assert finding.span is not None
    assert {("fly.toml", finding.span.line)} == bad.marked
