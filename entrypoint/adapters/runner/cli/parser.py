"""An argparse parser that raises UsageError with a suggestion, and accepts no abbreviated flags."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

from entrypoint.kernel.errors import UsageError
from entrypoint.manifest.nearest import nearest


class Parser(argparse.ArgumentParser):
    """The parser of one command."""

    def __init__(self, *, command: str, description: str = "", epilog: str = "") -> None:
        super().__init__(
            prog=f"flightplan {command}",
            usage=f"flightplan {command} [flags]",
            description=description,
            epilog=epilog,
            formatter_class=_Help,
            allow_abbrev=False,
        )
        self.command = command

    def read(self, arguments: Sequence[str]) -> dict[str, Any]:
        """The values of all flags. Raises UsageError."""
        options, others = self.parse_known_args(arguments)
        if others:
            raise self._unknown(others[0])
        return vars(options)

    def error(self, message: str) -> NoReturn:
        """argparse calls this for every problem. Raises UsageError."""
        raise UsageError(f"flightplan {self.command}: {message}.", hint=self._hint())

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = [str(choice) for choice in action.choices]
            name = "/".join(action.option_strings)
            raise UsageError(
                f"flightplan {self.command}: {name} cannot be {value!r}. It is one of {', '.join(choices)}.",
                hint=did_you_mean(str(value), choices) or self._hint(),
            )

    def _unknown(self, word: str) -> UsageError:
        if not word.startswith("-"):
            return UsageError(
                f"flightplan {self.command} takes flags only: {word!r} is not a flag.",
                hint="The path of fly.toml is given by --config." if "toml" in word else self._hint(),
            )
        flag = word.partition("=")[0]
        flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
        return UsageError(
            f"flightplan {self.command} has no flag {flag!r}.", hint=did_you_mean(flag, flags) or self._hint()
        )

    def _hint(self) -> str:
        return f"All flags: flightplan help {self.command}."


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A suggestion; empty if no known word is similar."""
    close = nearest(word, known)
    return f"Did you mean {close}?" if close else ""


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help with a fixed width. To ask the terminal for its width, argparse would import shutil and three compression modules."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100, max_help_position=28)
