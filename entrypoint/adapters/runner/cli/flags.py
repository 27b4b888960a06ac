"""The flags of a command: one for each input of action.yml, under headings, and those for the output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

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
FILES = "Files to check instead of --config, one after the other. A flightplan.toml stands for the fly.toml beside it."
"""What `validate` takes beside flags."""
_OUTPUT = "Output"


class Flag(NamedTuple):
    """`--name`, and `short` if it has one."""

    name: str
    about: str
    """Empty where the help leaves it out."""
    heading: str = ""
    short: str = ""
    value: str = "VALUE"
    """What the help calls its value; empty: it takes none."""
    choices: tuple[str, ...] = ()
    """The values that it takes; empty: any."""


def flags_of(name: Name) -> Iterator[Flag]:
    """All flags of a command, in the order of its help."""
    if name is Name.INIT:
        yield Flag(name="force", about="Replace the workflow that is there.", value="")
        yield Flag(name="print", about="Print the workflow on standard output. Write nothing.", value="")
    if COMMANDS[name].takes_inputs:
        yield from _inputs(name)
        yield from _output(name)


def _inputs(name: Name) -> Iterator[Flag]:
    """Every input. The help shows only those that the command uses."""
    shown, declared = COMMANDS[name].flags, read_inputs()
    for heading, inputs in GROUPS.items():
        for input_ in inputs:
            about = _about(declared[input_]) if shown is ALL or input_ in shown else ""
            yield Flag(name=input_, about=about, heading=heading, short="-c" if input_ == "config" else "")


def _output(name: Name) -> Iterator[Flag]:
    """The flags for the output, and `--yes`."""
    formats = tuple(format_.value for format_ in COMMANDS[name].formats)
    yield Flag(
        name="format",
        about=f"{', '.join(formats)}. Default: {Format.TEXT}.",
        heading=_OUTPUT,
        value="FORMAT",
        choices=formats,
    )
    yield Flag(
        name="color",
        about="When text is coloured: auto, always or never. Default: auto, on a terminal unless NO_COLOR is set.",
        heading=_OUTPUT,
        value="WHEN",
        choices=tuple(color.value for color in Color),
    )
    detail = "Also show one row for each machine of a plan." if COMMANDS[name].flags is ALL else ""
    yield Flag(name="detail", about=detail, heading=_OUTPUT, value="")
    if name is Name.DEPLOY:
        about = "Do not ask before a deploy without a gate. Nothing is asked where there is no terminal, or in CI."
        yield Flag(name="yes", about=about, heading=_OUTPUT, short="-y", value="")


def _about(input_: Declared) -> str:
    variables = FALLBACKS.get(input_.name, ())
    more = f" Without the flag, the variable {' or '.join(variables)} is used." if variables else ""
    return f"{input_.description}{more}"
