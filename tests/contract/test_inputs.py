"""action.yml, the reader, the command line, docs/inputs.md and the README say the same."""

from __future__ import annotations

import re

import pytest

from entrypoint.adapters.runner.cli.commands import ALL, COMMANDS
from entrypoint.adapters.runner.cli.flags import GROUPS
from entrypoint.adapters.runner.cli.parse import parse_arguments
from entrypoint.adapters.runner.declared import read_inputs
from entrypoint.adapters.runner.inputs import PARSERS, parse_inputs, variable
from entrypoint.kernel.errors import ExitCode
from entrypoint.kernel.run import Command, Format
from entrypoint.modes.result import OUTPUTS
from tests.contract.inputs_page import PAGE, make_page, read_action
from tests.stage import ROOT

ACTION = read_action()


def test_the_reader_reads_every_declared_input_and_no_other():
    assert list(PARSERS) == list(ACTION["inputs"])


def test_every_declared_output_is_written_and_no_other():
    assert list(OUTPUTS) == list(ACTION["outputs"])


def test_our_small_reader_of_action_yml_agrees_with_a_yaml_parser():
    declared = read_inputs()
    assert list(declared) == list(ACTION["inputs"])
    for name, spec in ACTION["inputs"].items():
        assert declared[name].default == str(spec.get("default", ""))
        assert declared[name].description == " ".join(spec["description"].split())


def test_every_input_has_a_place_in_the_help_of_plan():
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(set(PARSERS) - {"command"})
    named = {flag for command in COMMANDS.values() for flag in command.flags if command.flags is not ALL}
    assert named <= set(PARSERS)


@pytest.mark.parametrize("command", [name for name, command in COMMANDS.items() if command.takes_inputs])
def test_every_input_is_a_flag(command):
    arguments = [part for name in PARSERS if name != "command" for part in (f"--{name}", f"value of {name}")]
    asked = parse_arguments([command.value, *arguments], environ={})
    assert isinstance(asked, list)
    (found,) = asked
    assert {k: v for k, v in found.values.items() if k != "command"} == {
        name: f"value of {name}" for name in PARSERS if name != "command"
    }


def test_every_command_of_the_action_is_one_of_the_command_line():
    assert {command.value for command in Command} - {"auto"} == {
        name.value for name, command in COMMANDS.items() if command.takes_inputs
    }


def test_the_defaults_of_the_declaration_can_be_read():
    values = {name: declared.local_default for name, declared in read_inputs().items()}
    inputs = parse_inputs(values, environ={}, format_=Format.TEXT)
    assert inputs.command is Command.AUTO
    assert inputs.github_token is None


def test_names_are_kebab_case_and_reach_us_as_the_runner_spells_them():
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", name)
    assert variable("fly-api-token") == "INPUT_FLY-API-TOKEN"


def test_the_page_is_made_from_the_declaration():
    page = PAGE.read_text("utf-8")
    assert make_page(page, ACTION) == page, "run: python -m tests.contract.inputs_page"


def test_the_page_has_every_exit_code():
    rows = re.findall(r"^\| (\d+) \| (?:`([a-z-]+)`)? ?\|", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    assert {(int(code), reason) for code, reason in rows} == {(int(code), code.reason) for code in ExitCode}


def test_what_the_readme_shows_is_the_workflow_in_examples():
    readme = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL)
    assert block == (ROOT / "examples" / "workflows" / "flightplan.yml").read_text("utf-8")
