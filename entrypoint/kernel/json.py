"""JSON values: their type, their canonical text, and digests over it."""

from __future__ import annotations

import json as _json
import marshal
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from entrypoint.kernel.ids import Digest
from entrypoint.kernel.secrets import Secret

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, Json]"
PLAIN = (str, int, float)
"""Strings, numbers and booleans."""
OBJECT = (dict, Mapping)
"""Types of an object. dict comes first, because isinstance with Mapping alone takes five times as long."""
ARRAY = (list, tuple, Sequence)
"""Types of an array, after PLAIN is ruled out: a string is a Sequence, too."""

_WITHOUT_REFERENCES = 2
"""The format of marshal in which the bytes depend on the value alone, not on which parts of it are one object."""


def canonical(value: Json) -> str:
    """The canonical text of `value`: keys sorted, no white space, non-ASCII characters as they are."""
    return _json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def spelling(value: Any) -> bytes | None:
    """A key under which to find the same JSON again, made in a tenth of the time of `canonical`. The same keys in another order, and 1 and
    True, are not the same. None for what is not made of plain dicts and lists.
    """
    try:
        return marshal.dumps(value, _WITHOUT_REFERENCES)
    except ValueError:
        return None


def digest(value: Json, *, secret: Secret | None = None) -> Digest:
    """SHA-256 over the canonical text. With `secret`, HMAC-SHA256: without the key, nobody can check a guess of the value.

    A lone surrogate, which a JSON escape can spell, is encoded as it is; it raises no error.
    """
    import hashlib  # loads OpenSSL, which takes 2 ms; validate needs no digest

    data = canonical(value).encode("utf-8", "surrogatepass")
    if not secret:
        return Digest(hashlib.sha256(data).hexdigest())
    import hmac

    return Digest(
        hmac.new(secret.reveal().encode("utf-8", "surrogatepass"), data, hashlib.sha256).hexdigest()
    )


def copy_json(value: Json) -> Json:
    """A deep copy made of plain dicts and lists, safe to change."""
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, OBJECT):
        return {key: copy_json(item) for key, item in value.items()}
    if isinstance(value, ARRAY):
        return [copy_json(item) for item in value]
    return value


def copy_object(value: Mapping[str, Json]) -> JsonObject:
    """A deep copy of an object."""
    return {key: copy_json(item) for key, item in value.items()}
