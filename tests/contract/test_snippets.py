"""Every snippet in README and docs is one that works: read by the reader that its user has."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import yaml

from entrypoint.adapters.runner.cli.parse import parse_arguments
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.findings import Severity
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read
from tests.contract.inputs_page import read_action
from tests.stage import ROOT

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PAGES = [
    ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), ROOT / "docs/rules/README.md",
]  # fmt: skip
_POLICY = ("[groups.", "[rollout]", "[verify]", "[network]", "[comment]", "[rules]")
ACTION = read_action()


@dataclass(frozen=True)
class Snippet:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def _snippets():
    for page in _PAGES:
        text = page.read_text("utf-8")
        for found in _FENCE.finditer(text):
            line = text.count("\n", 0, found.start()) + 1
            yield Snippet(str(page.relative_to(ROOT)), line, found[1], found[2])


ALL = list(_snippets())


def of(*languages: str):
    found = [snippet for snippet in ALL if snippet.language in languages]
    assert found
    return pytest.mark.parametrize("snippet", found, ids=str)


def test_every_language_has_a_reader():
    assert {snippet.language for snippet in ALL} <= {
        "toml",
        "yaml",
        "json",
        "console",
        "sh",
        "text",
        "mermaid",
    }


@of("toml")
def test_toml_is_read_without_errors(snippet):
    if any(section in snippet.text for section in _POLICY):
        findings = read_policy(snippet.text, file="flightplan.toml").findings
    else:
        findings = read(snippet.text.encode(), file="fly.toml", local=_Nothing()).findings
    assert [f.message for f in findings if f.severity is Severity.ERROR] == []


class _Nothing:
    def read(self, path: str) -> bytes | None:
        return None


@of("yaml")
def test_yaml_is_a_workflow_or_steps_with_inputs_that_exist(snippet):
    found = yaml.safe_load(snippet.text)
    if isinstance(found, dict) and "jobs" in found:
        from check_jsonschema.builtin_schemas import get_builtin_schema

        schema = get_builtin_schema("vendor.github-workflows")
        text = {"on" if key is True else key: value for key, value in found.items()}
        jsonschema.Draft7Validator(schema).validate(text)
    for step in _steps(found):
        if "flightplan-dev/flightplan@" in step.get("uses", ""):
            assert set(step.get("with", {})) <= set(ACTION["inputs"])


def _steps(found: Any):
    """Everything that has `uses`, wherever it stands."""
    if isinstance(found, dict):
        if "uses" in found:
            yield found
        for value in found.values():
            yield from _steps(value)
    elif isinstance(found, list):
        for value in found:
            yield from _steps(value)


@of("json")
def test_json_is_json(snippet):
    assert json.loads(re.sub(r"…", "", snippet.text)) is not None


@of("console", "sh")
def test_flightplan_is_called_with_commands_and_flags_that_exist(snippet):
    for call in _calls(snippet.text):
        _parse(call)


def test_what_prose_calls_exists():
    calls = [
        (page.name, call)
        for page in _PAGES
        for call in re.findall(r"`(flightplan (?!init$)[a-z][^`]*)`", page.read_text("utf-8"))
    ]
    assert len(calls) > 8
    for _, call in calls:
        _parse(shlex.split(call.replace("…", ""))[1:])


def _calls(text: str):
    """The words after `flightplan`, of each line that calls it."""
    for line in text.splitlines():
        words = shlex.split(line.removeprefix("$ "), comments=True)
        if words[:1] == ["flightplan"]:
            end = next((at for at, word in enumerate(words) if word in (">", "|", "||", "&&")), len(words))
            yield words[1:end]


def _parse(words: list[str]) -> None:
    try:
        parse_arguments(words, environ={})
    except UsageError as error:
        pytest.fail(f"flightplan {' '.join(words)}: {error}")


def test_links_to_actions_are_pinned_by_commit():
    for page in _PAGES:
        for used in re.findall(r"uses: ((?:actions|docker)/[^@\s]+)@(\S+)", page.read_text("utf-8")):
            is_before = page.name == "moving-from-flyctl-actions.md"
            assert is_before or re.fullmatch(r"[0-9a-f]{40}", used[1]), used
