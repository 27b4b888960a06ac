"""Reads the words after a command. To load and fill argparse, which makes the help, takes longer than to read fly.toml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from entrypoint.adapters.runner.cli.commands import Name
from entrypoint.adapters.runner.cli.flags import Flag, flags_of
from entrypoint.kernel.errors import UsageError
from entrypoint.manifest.nearest import nearest


class Given(NamedTuple):
    """`values` and `switches`, by the names of the flags. Of a flag that is given twice, the last value counts."""

    values: Mapping[str, str]
    switches: frozenset[str]
    files: tuple[str, ...]


def read(name: Name, words: Sequence[str]) -> Given:
    """What the words say. Raises UsageError, with what was probably meant."""
    flags = list(flags_of(name))
    by_word = {f"--{flag.name}": flag for flag in flags} | {flag.short: flag for flag in flags if flag.short}
    values: dict[str, str] = {}
    switches: set[str] = set()
    files: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            files += rest
        elif not word.startswith("-"):
            files.append(word)
        else:
            spelt, value = _split(word)
            flag = by_word.get(spelt)
            if flag is None:
                raise _unknown(name, spelt, [known for known in by_word if known.startswith("--")])
            if not flag.value and value is None:
                switches.add(flag.name)
            elif not flag.value:
                raise UsageError(f"flightplan {name}: --{flag.name} takes no value.", hint=_hint(name))
            else:
                values[flag.name] = _checked(name, flag, _next(rest) if value is None else value)
    if files and name is not Name.VALIDATE:
        raise UsageError(
            f"flightplan {name} takes flags only: {files[0]!r} is not a flag.",
            hint="The path of fly.toml is given by --config." if "toml" in files[0] else _hint(name),
        )
    return Given(values=values, switches=frozenset(switches), files=tuple(files))


def _split(word: str) -> tuple[str, str | None]:
    """The flag of a word, and the value that is in the same word: --config=fly.toml, -c=fly.toml, -cfly.toml."""
    if not word.startswith("--") and len(word) > 2:
        return word[:2], word[2:].removeprefix("=")
    spelt, equals, value = word.partition("=")
    return spelt, value if equals else None


def _next(rest: Iterator[str]) -> str | None:
    """The next word, if it is not a flag."""
    word = next(rest, "-")
    return None if word.startswith("-") else word


def _checked(name: Name, flag: Flag, value: str | None) -> str:
    if value is None:
        raise UsageError(f"flightplan {name}: --{flag.name} needs a value.", hint=_hint(name))
    if flag.choices and value not in flag.choices:
        raise UsageError(
            f"flightplan {name}: --{flag.name} cannot be {value!r}. It is one of {', '.join(flag.choices)}.",
            hint=did_you_mean(value, flag.choices) or _hint(name),
        )
    return value


def _unknown(name: Name, flag: str, known: Sequence[str]) -> UsageError:
    return UsageError(
        f"flightplan {name} has no flag {flag!r}.", hint=did_you_mean(flag, known) or _hint(name)
    )


def _hint(name: Name) -> str:
    return f"All flags: flightplan help {name}."


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A suggestion; empty if no known word is similar."""
    close = nearest(word, known)
    return f"Did you mean {close}?" if close else ""
