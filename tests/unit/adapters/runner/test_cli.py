"""The command line: help, what was probably meant, completion."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

from entrypoint import __version__
from entrypoint.adapters.runner.cli.commands import ALL, COMMANDS, SHELLS, Name
from entrypoint.adapters.runner.cli.flags import GROUPS
from entrypoint.adapters.runner.cli.parse import Init, parse_arguments
from entrypoint.kernel.errors import ExitCode, UsageError
from entrypoint.kernel.run import Format


def asked(*arguments, **environ):
    return parse_arguments(arguments, environ=environ)


def told(*arguments):
    found = asked(*arguments)
    assert isinstance(found, str)
    return found


def refused(*arguments):
    with pytest.raises(UsageError) as caught:
        asked(*arguments)
    assert caught.value.exit_code is ExitCode.USAGE
    return f"{caught.value}\n{caught.value.hint}"


@pytest.mark.parametrize("words", [(), ("help",), ("--help",), ("-h",), ("help", "help"), ("help", "--help")])
def test_help__lists_every_command_with_its_example(words):
    text = told(*words)
    for name, command in COMMANDS.items():
        assert re.search(
            rf"^  {name} +{re.escape(command.summary)}\n +{re.escape(command.examples[0])}$",
            text,
            re.MULTILINE,
        )
    assert [line for line in text.splitlines() if line in ("Set up", "Check and deploy", "More")] == [
        "Set up", "Check and deploy", "More",
    ]  # fmt: skip
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("name", [name for name in Name if name is not Name.HELP])
def test_the_help_of_a_command__has_its_examples(name):
    text = told("help", name)
    assert text.startswith(f"Usage: flightplan {name}")
    takes_flags = COMMANDS[name].takes_inputs or name is Name.INIT
    assert ("[flags]" in text, "--help" in text) == (takes_flags, takes_flags)
    assert all(f"  {example}\n" in f"{text}\n" for example in COMMANDS[name].examples)
    if name is not Name.VERSION:
        assert told(name, "--help") == text


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.takes_inputs])
def test_the_help_of_a_command__shows_the_flags_that_matter_to_it(name):
    text, shown = told("help", name), COMMANDS[name].flags
    inputs = {input_ for names in GROUPS.values() for input_ in names}
    told_of = set(re.findall(r"^  (?:-c VALUE, )?--([a-z-]+) ", text, re.MULTILINE))
    assert told_of & inputs == (inputs if shown is ALL else shown)
    assert text.replace("\n", " ").count("Default: fly.toml.") == 1
    assert ("the variable FLY_APP is used" in " ".join(text.split())) == ("--app" in text)
    assert ("--yes" in text) == (name is Name.DEPLOY)
    assert ("--detail" in text) == (name in (Name.PLAN, Name.DEPLOY))


@pytest.mark.parametrize("name", Name)
def test_every_example__is_understood(name):
    for example in COMMANDS[name].examples:
        assert asked(*example.partition(" >")[0].split()[1:])


@pytest.mark.parametrize("words", [("version",), ("--version",), ("-V",)])
def test_version(words):
    assert told(*words) == f"flightplan {__version__}"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("plna",), "Did you mean plan?"),
        (("deploi",), "Did you mean deploy?"),
        (("help", "validat"), "Did you mean validate?"),
        (("frobnicate",), "flightplan help lists the commands."),
        (("plan", "--confg", "fly.toml"), "Did you mean --config?"),
        (("plan", "--confg=fly.toml"), "Did you mean --config?"),
        (("plan", "--max_unavailable", "1"), "Did you mean --max-unavailable?"),
        (("plan", "--conf", "fly.toml"), "Did you mean --config?"),
        (("plan", "--frobnicate"), "All flags: flightplan help plan."),
        (("validate", "--format", "jsno"), "Did you mean json?"),
        (("plan", "fly.toml"), "--config"),
        (("plan", "now"), "All flags: flightplan help plan."),
        (("validate", "a.toml", "b.toml", "--format", "json"), "takes one file"),
        (("plan", "--image"), "--image needs a value"),
        (("plan", "--image", "--detail"), "--image needs a value"),
        (("plan", "-c"), "--config needs a value"),
        (("plan", "--pull-request", "-1"), "--pull-request needs a value"),
        (("deploy", "--yes=1"), "--yes takes no value"),
        (("deploy", "-yes"), "--yes takes no value"),
        (("plan", "-"), "no flag '-'"),
        (("plan", "-x"), "no flag '-x'"),
        (("plan", "--", "--detail"), "takes flags only: '--detail' is not a flag"),
        (("plan", "--format="), "--format cannot be ''"),
        (("init", "--forc"), "Did you mean --force?"),
        (("completion",), "bash, zsh, fish"),
        (("completion", "bsh"), "Did you mean bash?"),
        (("--config", "fly.toml", "plan"), "flightplan plan --config"),
    ],
)
def test_a_slip__is_told_what_was_probably_meant(words, meant):
    assert meant in refused(*words)


def test_the_values_of_flags__go_over_variables_and_defaults():
    (found,) = asked("plan", "--app", "mine", "--format", "json", FLY_APP="theirs", FLY_API_TOKEN="t")
    assert (found.values["app"], found.values["fly-api-token"], found.values["command"]) == (
        "mine",
        "t",
        "plan",
    )
    assert (found.values["gate"], found.format, found.yes) == ("reviewed", Format.JSON, False)


@pytest.mark.parametrize(
    "words",
    [("-c", "a.toml"), ("-ca.toml",), ("-c=a.toml",), ("--config", "a.toml"), ("--config=a.toml",),
     ("--config=b.toml", "-c", "a.toml")],
)  # fmt: skip
def test_a_value__stands_in_the_next_word_or_in_the_same__and_the_last_counts(words):
    (found,) = asked("plan", *words, "--scale==1")
    assert (found.values["config"], found.values["scale"]) == ("a.toml", "=1")
    (found,) = asked("plan", *words, "--scale", "=1")
    assert found.values["scale"] == "=1"
    (found,) = asked("plan", *words, "--scale=")
    assert found.values["scale"] == ""


def test_init_and_yes():
    assert asked("init") == Init(force=False, prints=False)
    assert asked("init", "--force", "--print") == Init(force=True, prints=True)
    for words in (("-y",), ("--yes",)):
        (found,) = asked("deploy", *words)
        assert (found.yes, found.detail) == (True, False)
    (found,) = asked("plan", "--detail")
    assert (found.yes, found.detail) == (False, True)


def test_validate__takes_files_and_a_policy_stands_for_the_fly_toml_beside_it():
    words = (
        "apps/web/fly.toml",
        "apps/web/flightplan.toml",
        "flightplan.toml",
        "fly.staging.toml",
        "--compat",
        "flyctl",
    )
    found = asked("validate", *words)
    assert [each.values["config"] for each in found] == ["apps/web/fly.toml", "fly.toml", "fly.staging.toml"]
    assert {each.values["compat"] for each in found} == {"flyctl"}
    assert [each.values["config"] for each in asked("validate", "a.toml", "--", "-odd.toml", "--x")] == [
        "a.toml", "-odd.toml", "--x",
    ]  # fmt: skip
    (found,) = asked("validate")
    assert found.values["config"] == "fly.toml"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_completion_script__knows_commands_and_flags_and_is_taken_by_its_shell(shell):
    script = told("completion", shell)
    for word in ("validate", "doctor", "completion", "max-unavailable", "bluegreen", "sarif"):
        assert word in script
    if shutil.which(shell):
        done = subprocess.run([shell, "-n"], input=script, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("flightplan pl", {"plan"}),
        ("flightplan plan --max", {"--max-unavailable"}),
        ("flightplan plan --strategy blue", {"bluegreen"}),
        ("flightplan completion f", {"fish"}),
        ("flightplan help val", {"validate"}),
    ],
)
def test_bash_completes(line, expected):
    *_, last = words = line.split()
    script = f"""{told("completion", "bash")}
COMP_WORDS=({" ".join(words)}); COMP_CWORD={len(words) - 1}; COMP_LINE={line!r}; COMP_POINT={len(line)}
"$(complete -p flightplan | sed 's/.*-F \\([^ ]*\\).*/\\1/')" flightplan {last!r} {words[-2]!r}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True)
    assert {word.strip() for word in done.stdout.splitlines()} == expected, done.stderr


def test_only_help_and_completion_load_argparse():
    code = "import sys; from entrypoint.adapters.runner.cli.parse import parse_arguments as p\n"
    code += "for a in (['--version'], ['init'], ['plan'], ['validate', 'fly.toml']): p(a, environ={})\n"
    code += "sys.exit('argparse' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0


def test_nothing_but_completion_loads_shtab():
    code = "import sys; from entrypoint.adapters.runner.cli.parse import parse_arguments as p\n"
    code += "for a in (['--version'], ['help'], ['help', 'plan'], ['validate']): p(a, environ={})\n"
    code += "sys.exit('shtab' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0
