"""Command line → what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple, TypeAlias, assert_never

from entrypoint import __version__
from entrypoint.adapters.runner.cli.commands import Name
from entrypoint.adapters.runner.cli.flags import FALLBACKS
from entrypoint.adapters.runner.cli.read import did_you_mean, read
from entrypoint.adapters.runner.declared import read_inputs
from entrypoint.adapters.runner.inputs import PARSERS
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import Color, Format

_POLICY = "flightplan.toml"


class Invocation(NamedTuple):
    """A command that takes inputs. `values`: raw inputs, as the runner would give them, including `command`."""

    values: Mapping[str, str]
    format: Format
    color: Color
    detail: bool
    yes: bool = False
    """Do not ask."""

    def each(self, files: Sequence[str]) -> list[Invocation]:
        """The same command for each file; without files, itself. A flightplan.toml stands for the fly.toml in its folder."""
        configs = dict.fromkeys(
            str(PurePosixPath(file).with_name("fly.toml")) if PurePosixPath(file).name == _POLICY else file
            for file in files
        )
        return [self._replace(values={**self.values, "config": config}) for config in configs] or [self]


class Init(NamedTuple):
    """`flightplan init`."""

    force: bool
    prints: bool
    """Print the workflow, write nothing."""


Asked: TypeAlias = list[Invocation] | Init | str
"""The last is a text to print: help, the version, a completion script."""


def parse_arguments(arguments: Sequence[str], *, environ: Mapping[str, str]) -> Asked:
    """What to do. Flags override flyctl's variables, which override action.yml's defaults. Raises UsageError."""
    first, rest = (arguments[0], arguments[1:]) if arguments else ("help", ())
    name = _name(first)
    if name not in (Name.HELP, Name.VERSION) and any(word in ("-h", "--help") for word in rest):
        return _help_of(name)
    match name:
        case Name.VERSION:
            return f"flightplan {__version__}"
        case Name.HELP:
            return _help_of(_name(rest[0]) if rest else Name.HELP)
        case Name.COMPLETION:
            return _completion(rest)
        case Name.INIT:
            switches = read(name, rest).switches
            return Init(force="force" in switches, prints="print" in switches)
        case Name.DOCTOR | Name.VALIDATE | Name.PLAN | Name.DEPLOY:
            return _invocations(name, rest, environ=environ)
        case _:
            assert_never(name)


def _name(word: str) -> Name:
    """The command that a first word names."""
    match word:
        case "-h" | "--help":
            return Name.HELP
        case "-V" | "--version":
            return Name.VERSION
    try:
        return Name(word)
    except ValueError:
        pass
    if word.startswith("-"):
        raise UsageError(
            f"{word!r} is not a command. Flags follow the command: flightplan plan {word}.",
            hint="flightplan help lists the commands.",
        )
    hint = did_you_mean(word, [name.value for name in Name])
    raise UsageError(
        f"There is no command {word!r}.", hint=f"{hint} flightplan help lists the commands.".strip()
    )


def _invocations(name: Name, rest: Sequence[str], *, environ: Mapping[str, str]) -> list[Invocation]:
    """One invocation, or one for each named file."""
    given = read(name, rest)
    values = {input_: declared.local_default for input_, declared in read_inputs().items()}
    for input_, variables in FALLBACKS.items():
        values[input_] = next((environ[v] for v in variables if environ.get(v)), values[input_])
    values |= {input_: value for input_, value in given.values.items() if input_ in PARSERS}
    made = Invocation(
        values=values | {"command": name.value},
        format=Format(given.values.get("format", Format.TEXT)),
        color=Color(given.values.get("color", Color.AUTO)),
        detail="detail" in given.switches,
        yes="yes" in given.switches,
    )
    if len(given.files) > 1 and made.format not in (Format.TEXT, Format.GITHUB):
        raise UsageError(
            f"flightplan {name} takes one file with --format {made.format}.",
            hint="Call it once for each file.",
        )
    return made.each(given.files)


def _help_of(name: Name) -> str:
    from entrypoint.adapters.runner.cli.help import command_help, overview

    return overview() if name is Name.HELP else command_help(name)


def _completion(rest: Sequence[str]) -> str:
    from entrypoint.adapters.runner.cli.completion import completion  # nothing else needs shtab

    return completion(rest)
