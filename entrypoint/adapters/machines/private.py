"""The texts of a config that must not appear in an error. Fly quotes what it refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.redaction import is_private_key

SHORTEST = 6
"""Characters. Shorter values would be found in any message."""


def private_values(body: object) -> tuple[str, ...]:
    """Values of variables and headers, and contents of files. The longest first, because one may contain another."""
    return tuple(sorted(set(_walk(body, is_private=False)), key=len, reverse=True))


def _walk(value: object, *, is_private: bool) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, is_private=is_private or is_private_key(str(key)))
    elif isinstance(value, list):
        for item in value:
            yield from _walk(item, is_private=is_private)
    elif is_private and isinstance(value, str) and len(value) >= SHORTEST:
        yield value
