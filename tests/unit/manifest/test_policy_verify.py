"""[verify] of flightplan.toml, key by key."""

from __future__ import annotations

import pytest

from entrypoint.kernel.verify import JsonValue, Verify
from entrypoint.manifest.policy.read import read_policy

URL = 'url = "https://shop.example/up"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (URL, Verify(url="https://shop.example/up")),
        (URL + "status = 204\nbake = 60\n", Verify(url="https://shop.example/up", status=204, bake=60)),
        ("bake = 3600\n", Verify(bake=3600)),
        ("bake = 0\n", None),
        ("", None),
        (
            URL + 'json = { checks.db = "ok" }\n',
            Verify(url="https://shop.example/up", json=JsonValue(path=("checks", "db"), value="ok")),
        ),
        (
            URL + "json = { list.0.up = true }\n",
            Verify(url="https://shop.example/up", json=JsonValue(path=("list", "0", "up"), value=True)),
        ),
        ('url = "http://127.0.0.1:8080/up"\n', Verify(url="http://127.0.0.1:8080/up")),
    ],
)
def test_what_is_read(text: str, expected: Verify | None) -> None:
    reading = read_policy("[verify]\n" + text, file="flightplan.toml")
    assert reading.findings == ()
    assert reading.policy.verify == expected


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('url = "http://shop.example/"', 2, "url must begin with https://"),
        ('url = "https://a:b@shop.example/"', 2, "url must not hold a user or a password"),
        ("url = 1", 2, "url must be a string"),
        (URL + "status = 99", 3, "status must be a whole number from 100 to 599"),
        (URL + "status = true", 3, "status must be a whole number from 100 to 599"),
        (URL + "bake = 3601", 3, "bake must be a whole number of seconds from 0 to 3600"),
        (URL + "bake = 1.5", 3, "bake must be a whole number of seconds from 0 to 3600"),
        (URL + 'json = "ok"', 3, "json is one path and its value"),
        (URL + "json = { a = 1, b = 2 }", 3, "json is one path and its value"),
        (URL + "json = {}", 3, "json is one path and its value"),
        (URL + "json = { a = [1] }", 3, "json is one path and its value"),
        ("status = 200", 2, "status needs a url"),
        ("json = { a = 1 }", 2, "json needs a url"),
        (URL + "stauts = 200", 3, "there is no key `stauts` here"),
    ],
)
def test_what_is_wrong__with_its_line(text: str, line: int, says: str) -> None:
    (finding,) = read_policy("[verify]\n" + text, file="flightplan.toml").findings
    assert finding.span is not None
    assert finding.span.line == line
    assert finding.message.startswith(says)
