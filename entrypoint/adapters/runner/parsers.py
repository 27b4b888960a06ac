"""A parser for each kind of input. Each raises ValueError, whose text follows the input's value."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from entrypoint.kernel.durations import parse_seconds
from entrypoint.kernel.ids import AppName, Digest
from entrypoint.kernel.run import Gate
from entrypoint.kernel.secrets import Secret
from entrypoint.manifest.nearest import nearest

E = TypeVar("E", bound=StrEnum)
_APP = r"[a-z0-9][a-z0-9-]{0,62}"


def optional_text(text: str) -> str | None:
    """Any text; empty is None."""
    return text or None


def text(value: str) -> str:
    """Any text."""
    return value


def names(value: str) -> tuple[str, ...]:
    """Names separated by spaces or commas; each once, sorted."""
    return tuple(sorted(set(value.replace(",", " ").split())))


def regions(value: str) -> tuple[str, ...]:
    """Regions separated by spaces or commas; each once, sorted."""
    found = names(value)
    if not all(re.fullmatch(r"[a-z]{3}", name) for name in found):
        raise ValueError("must be regions of three letters, such as ams gru")
    return found


def secret(value: str) -> Secret | None:
    """A token, without white space around it: secrets often end with a newline."""
    return Secret(value.strip()) if value.strip() else None


def word(members: type[E]) -> Callable[[str], E]:
    """One of an enumeration's words."""

    def parse(value: str) -> E:
        try:
            return members(value)
        except ValueError:
            close = nearest(value, list(members))
            meant = f". Did you mean {close}?" if close else ""
            raise ValueError(f"must be one of {', '.join(members)}{meant}") from None

    return parse


def gate(value: str) -> Gate:
    """A gate; `reviewed-plan` is its name in version 1."""
    return word(Gate)("reviewed" if value == "reviewed-plan" else value)


def pull_request(value: str) -> int | None:
    """A pull request's number, with or without #."""
    if not value:
        return None
    if not re.fullmatch(r"#?[1-9]\d{0,9}", value):
        raise ValueError("must be the number of a pull request, such as 128")
    return int(value.removeprefix("#"))


def optional_word(members: type[E]) -> Callable[[str], E | None]:
    """The same, or None for an empty text."""
    inner = word(members)
    return lambda value: inner(value) if value else None


def app_name(value: str) -> AppName | None:
    """An app's name: lower-case letters, digits and dashes."""
    if not value:
        return None
    if not re.fullmatch(_APP, value):
        raise ValueError("must be an app's name: lower-case letters, digits and dashes")
    return AppName(value)


def image(value: str) -> str | None:
    """An image reference, or built-on-merge."""
    if not value:
        return None
    from entrypoint.kernel.images import parse_image

    if parse_image(value) is None:
        raise ValueError("must be repo:tag, repo:tag@sha256:… with 64 hex digits, or built-on-merge")
    return value


def digest(value: str) -> Digest | None:
    """A full digest, as a refusal names it."""
    if not value:
        return None
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError(
            "must be the full digest of 64 hex digits from the refusal; a shorter one approves nothing"
        )
    return Digest(value)


def max_unavailable(value: str) -> float | None:
    """1 or more: a number of machines. Below 1: a share."""
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < 10_000:
        raise ValueError("must be a number above 0, such as 1 or 0.33")
    return number


def duration(value: str) -> float | None:
    """Seconds, from "90s", "5m", "1m30s" or a number of seconds."""
    if not value:
        return None
    try:
        seconds = parse_seconds(value)
    except ValueError:
        raise ValueError("must be a duration such as 90s, 5m or 1m30s") from None
    if not 1 <= seconds <= 86_400:
        raise ValueError("must be between 1s and 24h")
    return seconds
