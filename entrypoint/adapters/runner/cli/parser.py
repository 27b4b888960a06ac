"""The flags of a command as an argparse parser, for the help and for completion. What a person wrote is read by read.py."""

from __future__ import annotations

import argparse

from entrypoint.adapters.runner.cli.commands import Name
from entrypoint.adapters.runner.cli.flags import FILES, Flag, flags_of


def make_parser(name: Name, *, description: str, epilog: str) -> argparse.ArgumentParser:
    """The parser of a command, with all its flags."""
    parser = argparse.ArgumentParser(
        prog=f"flightplan {name}",
        usage=f"flightplan {name} [flags]",
        description=description,
        epilog=epilog,
        formatter_class=_Help,
    )
    add_flags(parser, name)
    return parser


def add_flags(parser: argparse.ArgumentParser, name: Name) -> None:
    """All flags of a command, in groups with headings."""
    if name is Name.VALIDATE:
        parser.add_argument("files", nargs="*", metavar="FILE", help=FILES)
    groups: dict[str, argparse._ActionsContainer] = {"": parser}
    for flag in flags_of(name):
        if flag.heading not in groups:
            groups[flag.heading] = parser.add_argument_group(flag.heading)
        _add(groups[flag.heading], flag)


def _add(group: argparse._ActionsContainer, flag: Flag) -> None:
    words = [flag.short, f"--{flag.name}"] if flag.short else [f"--{flag.name}"]
    about = flag.about.replace("%", "%%") or argparse.SUPPRESS
    if flag.value:
        group.add_argument(*words, metavar=flag.value, choices=flag.choices or None, help=about)
    else:
        group.add_argument(*words, action="store_true", help=about)


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help with a fixed width. To ask the terminal for its width, argparse would import shutil and three compression modules."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100, max_help_position=28)
