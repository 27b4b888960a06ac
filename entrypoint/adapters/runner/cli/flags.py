"""The flags of a command that takes inputs: one for each input of action.yml, in groups, and flags for the output."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from entrypoint.adapters.runner.cli.commands import ALL, COMMANDS, Name
from entrypoint.adapters.runner.declared import Declared, read_inputs
from entrypoint.kernel.run import Color, Format

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Files and app": ("config", "policy", "app", "environment", "compat"),
    "What is deployed": ("image", "scale", "groups", "regions", "allow-destroy"),
    "How it is rolled out": ("strategy", "max-unavailable", "wait-timeout", "on-failure"),
    "Review": ("gate", "approve", "pull-request", "record-key", "comment"),
    "Tokens": ("fly-api-token", "github-token"),
}
"""Every input but `command`, under its heading in the help."""
FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "fly-api-token": ("FLY_ACCESS_TOKEN", "FLY_API_TOKEN"),
    "app": ("FLY_APP",),
    "github-token": ("GITHUB_TOKEN",),
}
"""Environment variables that are used if the flag is not given. They are flyctl's."""
_SHORT = {"config": "-c"}


def add_flags(parser: argparse.ArgumentParser, name: Name) -> None:
    """All flags of a command."""
    if name is Name.INIT:
        parser.add_argument("--force", action="store_true", help="Replace the workflow that is there.")
        parser.add_argument(
            "--print", action="store_true", help="Print the workflow on standard output. Write nothing."
        )
    if name is Name.VALIDATE:
        about = "Files to check instead of --config, one after the other. A flightplan.toml stands for the fly.toml beside it."
        parser.add_argument("files", nargs="*", metavar="FILE", help=about)
    if COMMANDS[name].takes_inputs:
        _add_inputs(parser, name)
        _add_output(parser, name)


def _add_inputs(parser: argparse.ArgumentParser, name: Name) -> None:
    """Every input. The help shows only those that the command uses."""
    shown, declared = COMMANDS[name].flags, read_inputs()
    for heading, inputs in GROUPS.items():
        group = parser.add_argument_group(heading)
        for input_ in inputs:
            flags = [flag for flag in (f"--{input_}", _SHORT.get(input_)) if flag]
            is_shown = shown is ALL or input_ in shown
            about = _about(declared[input_]) if is_shown else argparse.SUPPRESS
            group.add_argument(*flags, default=None, metavar="VALUE", help=about)


def _add_output(parser: argparse.ArgumentParser, name: Name) -> None:
    """The flags for the output, and `--yes`."""
    group = parser.add_argument_group("Output")
    formats = [format_.value for format_ in COMMANDS[name].formats]
    group.add_argument(
        "--format",
        choices=formats,
        default=Format.TEXT.value,
        metavar="FORMAT",
        help=f"{', '.join(formats)}. Default: text.",
    )
    group.add_argument(
        "--color",
        choices=[color.value for color in Color],
        default=Color.AUTO.value,
        metavar="WHEN",
        help="When text is coloured: auto, always or never. Default: auto, on a terminal unless NO_COLOR is set.",
    )
    is_plan = COMMANDS[name].flags is ALL
    detail = "Also show one row for each machine of a plan." if is_plan else argparse.SUPPRESS
    group.add_argument("--detail", action="store_true", help=detail)
    if name is Name.DEPLOY:
        group.add_argument(
            "-y",
            "--yes",
            action="store_true",
            help="Do not ask before a deploy without a gate. Nothing is asked where there is no terminal, or in CI.",
        )


def _about(input_: Declared) -> str:
    variables = FALLBACKS.get(input_.name, ())
    more = f" Without the flag, the variable {' or '.join(variables)} is used." if variables else ""
    return f"{input_.description}{more}".replace("%", "%%")
