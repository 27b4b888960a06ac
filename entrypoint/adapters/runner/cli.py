"""The command line: the action's inputs as flags of `flightplan validate | plan | deploy`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from entrypoint import __version__
from entrypoint.adapters.runner.declared import read_inputs
from entrypoint.adapters.runner.inputs import PARSERS
from entrypoint.kernel.run import Color, Command, Format

FORMATS: Mapping[Command, tuple[Format, ...]] = {
    Command.VALIDATE: (Format.TEXT, Format.JSON, Format.GITHUB, Format.SARIF, Format.MARKDOWN),
    Command.PLAN: (Format.TEXT, Format.MARKDOWN, Format.JSON),
    Command.DEPLOY: (Format.TEXT, Format.MARKDOWN, Format.JSON),
}
_FALLBACKS = {
    "fly-api-token": ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN"),
    "app": ("FLY_APP",),
    "github-token": ("GITHUB_TOKEN",),
}
"""flyctl's own variables, where the flag is not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """Raw inputs, as the runner would give them, and the output format."""

    values: Mapping[str, str]
    format: Format
    color: Color
    detail: bool


class _Help(argparse.HelpFormatter):
    """A fixed width: argparse would load shutil and three compressors to ask the terminal, for every flag it is given."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def parse_arguments(arguments: Sequence[str], *, environ: Mapping[str, str]) -> Invocation:
    """Flags over flyctl's variables over action.yml's defaults. Exits 2 with usage for unknown flags."""
    declared = read_inputs()
    parser = argparse.ArgumentParser(
        prog="flightplan", description="Plan and deploy fly.toml, group by group.", formatter_class=_Help
    )
    parser.add_argument("--version", action="version", version=f"flightplan {__version__}")
    commands = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="validate | plan | deploy",
        prog="flightplan",
    )
    for command, formats in FORMATS.items():
        sub = commands.add_parser(command.value, formatter_class=_Help)
        if command.value not in arguments:
            continue  # its flags would cost more than reading fly.toml does
        sub.add_argument("--format", choices=[f.value for f in formats], default=Format.TEXT.value)
        sub.add_argument(
            "--color",
            choices=[c.value for c in Color],
            default=Color.AUTO.value,
            help="When text is coloured. auto: on a terminal, unless NO_COLOR is set.",
        )
        sub.add_argument("--detail", action="store_true", help="One row for each machine of a plan, too.")
        for name in PARSERS:
            if name != "command":
                help_ = declared[name].description.replace("%", "%%")
                flags = ["--config", "-c"] if name == "config" else [f"--{name}"]
                sub.add_argument(*flags, default=None, help=help_)
    options = vars(parser.parse_args(arguments))
    values = {name: declared[name].local_default for name in PARSERS}
    for name, variables in _FALLBACKS.items():
        values[name] = next((environ[v] for v in variables if environ.get(v)), values[name])
    given = {
        name: options[name.replace("-", "_")]
        for name in PARSERS
        if options.get(name.replace("-", "_")) is not None
    }
    return Invocation(
        values=values | given,
        format=Format(options["format"]),
        color=Color(options["color"]),
        detail=options["detail"],
    )
