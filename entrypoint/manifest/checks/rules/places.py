"""In which sections of the schema a key is known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from entrypoint.manifest.decode.decoder import UnknownKey
from entrypoint.manifest.decode.schema import CONFIG
from entrypoint.manifest.decode.types import ListOf, MapOf, Struct, Type
from entrypoint.manifest.problems import format_path
from entrypoint.manifest.syntax.tree import Path

_ANYWHERE = {"type", "name", "path", "port", "size", "image", "command", "processes", "secrets", "file"}
"""Words too common to tell which section was meant."""

PLACES = {
    ("service", "checks"): "Write [[services.http_checks]] or [[services.tcp_checks]].",
    ("http_service", "tcp_checks"): "http_service has HTTP checks only: [[http_service.checks]].",
    ("http_service", "ports"): "http_service always has ports 80 and 443; for others write [[services]].",
    ("http_service", "protocol"): "http_service always speaks HTTP; for TCP or UDP write [[services]].",
    ("deploy", "processes"): "A release command belongs to no group.",
    ("static", "processes"): "Statics go to every group.",
    ("check", "command"): "Script checks are gone. Write a tcp or http check.",
    ("check", "args"): "Script checks are gone.",
}
"""Section and key, for keys that exist elsewhere but are meant differently; and what to write."""

_MIGRATED = {"kill_timeout", "metrics_port", "metrics_path"}
"""Keys of [experimental] that flyctl moves elsewhere."""
_LEGACY = {"script_checks", "restart_limit", "name"}
"""Keys of old files that flyctl ignores without harm."""


def header(path: Path) -> str:
    """[env], [[services.ports]]: the header of the section at a path."""
    names = format_path(tuple(part for part in path if isinstance(part, str)))
    type_ = _type_at(path)
    is_list = isinstance(type_, ListOf) or (bool(path) and isinstance(path[-1], int))
    return f"[[{names}]]" if is_list else f"[{names}]"


def is_harmless(unknown: UnknownKey) -> bool:
    """Whether flyctl still uses the key, or ignores it without harm."""
    key = str(unknown.path[-1])
    if unknown.section == "experimental" and key in _MIGRATED:
        return True
    return key in _LEGACY and unknown.section in ("check", "http check", "tcp check", "service")


def owner_above(unknown: UnknownKey) -> Path | None:
    """The section around this one that knows the key; () is the file's top."""
    key = str(unknown.path[-1])
    if (unknown.section, key) in PLACES or is_harmless(unknown):
        return None
    for end in range(len(unknown.path) - 2, -1, -1):
        type_ = _type_at(unknown.path[:end])
        if isinstance(type_, Struct) and key in type_.fields and key not in _ANYWHERE:
            return unknown.path[:end]
    return None


def homes(key: str) -> list[str]:
    """The headers of all sections that know the key; none for words that many know."""
    return [] if key in _ANYWHERE else _homes().get(key, [])


def _type_at(path: Path) -> Type | None:
    type_: Type | None = CONFIG
    for part in path:
        match type_:
            case Struct():
                type_ = type_.fields.get(str(part))
            case ListOf() if isinstance(part, int):
                type_ = type_.of
            case MapOf():
                type_ = type_.of
            case _:
                return None
    return type_


def _walk(type_: Type, path: Path) -> Iterator[tuple[str, Path]]:
    match type_:
        case Struct():
            for key, inner in type_.fields.items():
                yield key, path
                yield from _walk(inner, (*path, key))
        case ListOf():
            yield from _walk(type_.of, (*path, 0))
        case MapOf():
            yield from _walk(type_.of, (*path, "NAME"))
        case _:
            return


@cache
def _homes() -> dict[str, list[str]]:
    """By key, made for the first one that is misplaced: most files have none."""
    found: dict[str, list[str]] = {}
    for key, path in _walk(CONFIG, ()):
        if path and "release_command_vm" not in path:
            names = found.setdefault(key, [])
            names.append(header(path))
    return found
