"""`flightplan completion SHELL`: the completion script that shtab makes from the flags."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import shtab

from entrypoint.adapters.runner.cli.commands import COMMANDS, SHELLS, Name
from entrypoint.adapters.runner.cli.parser import add_flags
from entrypoint.adapters.runner.cli.read import did_you_mean
from entrypoint.kernel.errors import UsageError
from entrypoint.kernel.run import AllowDestroy, CommentMode, Compat, Gate, OnFailure
from entrypoint.kernel.strategy import Strategy

_WORDS: Mapping[str, type[StrEnum]] = {
    "strategy": Strategy,
    "gate": Gate,
    "allow_destroy": AllowDestroy,
    "on_failure": OnFailure,
    "comment": CommentMode,
    "compat": Compat,
}
"""Inputs whose value is one of a few words."""
_PATHS = ("config", "policy")


def completion(arguments: Sequence[str]) -> str:
    """The script for a shell. Raises UsageError."""
    known = f"Shells: {', '.join(SHELLS)}."
    if len(arguments) != 1:
        raise UsageError(
            "flightplan completion needs the name of one shell.", hint=f"{known} flightplan completion bash"
        )
    (shell,) = arguments
    if shell not in SHELLS:
        hint = did_you_mean(shell, SHELLS)
        raise UsageError(f"There is no completion for {shell!r}.", hint=f"{hint} {known}".strip())
    return shtab.complete(_whole(), shell=shell, root_prefix="flightplan").rstrip()


def _whole() -> argparse.ArgumentParser:
    """All commands in one parser, as shtab needs them."""
    root = argparse.ArgumentParser(prog="flightplan")
    root.add_argument("-V", "--version", action="store_true", help=COMMANDS[Name.VERSION].summary)
    commands = root.add_subparsers(dest="command")
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name.value, help=command.summary)
        add_flags(sub, name)
        if name is Name.COMPLETION:
            sub.add_argument("shell", choices=SHELLS)
        elif name is Name.HELP:
            sub.add_argument("of", choices=[other.value for other in Name])
        for action in sub._actions:  # noqa: SLF001  # argparse has no other way to the actions of a parser
            _complete(action)
    return root


def _complete(action: Any) -> None:
    if action.dest in _WORDS:
        action.choices = [word.value for word in _WORDS[action.dest]]
    elif action.dest in _PATHS:
        action.complete = shtab.FILE
