"""JSON from a server: what Python's parser takes beyond RFC 8259, and what later arithmetic could not bear, is refused."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.adapters.foreign_json import DEEPEST, parse_json


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("[-9223372036854775808]", [-(2**63)]),
        ('["18446744073709551616", 1]', ["18446744073709551616", 1]),
        ('{"a": 1e308}', {"a": 1e308}),
        ("null", None),
        ("[" * DEEPEST + "]" * DEEPEST, None),
    ],
)
def test_what_is_read(text: str, value: Any, encoding: str) -> None:
    found = parse_json(text.encode(encoding))
    assert value is None or found == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("18446744073709551616", "18446744073709551616 is too large for a number"),
        ('{"guest": {"memory_mb": %s}}' % ("9" * 400), "9" * 20 + " is too large for a number"),
        ("[-18446744073709551616]", "-1844674407370955161 is too large for a number"),
        ("1e309", "1e309 is too large for a number"),
        ("NaN", "NaN is not JSON"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested too deeply"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_refused(text: str, why: str, encoding: str) -> None:
    with pytest.raises(ValueError, match="^" + why + "$"):
        parse_json(text.encode(encoding))
