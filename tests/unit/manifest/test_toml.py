"""TOML as flyctl's parser takes it (go-toml 2.4.3, TOML 1.1), and where each thing stands. Every verdict was observed on that parser."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.findings import Finding, Span
from entrypoint.manifest.decode.decoder import plain
from entrypoint.manifest.syntax.scalars import Moment
from entrypoint.manifest.syntax.toml import parse_toml
from entrypoint.manifest.syntax.tree import Path, Source


def parsed(text: str) -> Source:
    source = parse_toml(text, file="fly.toml")
    assert isinstance(source, Source), source
    return source


def refused(text: str) -> Finding:
    finding = parse_toml(text, file="fly.toml")
    assert isinstance(finding, Finding)
    assert (finding.rule, finding.flyctl_rejects) == ("toml-syntax", True)
    return finding


def place(span: Span | None) -> tuple[int, int, int, int]:
    assert span is not None
    return span.line, span.column, span.end_line, span.end_column


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a = {\n  b = 1,\n}", {"a": {"b": 1}}),
        ("a = { b = 1 # c\n}", {"a": {"b": 1}}),
        ('a = "\\e\\x41"', {"a": "\x1bA"}),
        ("a = 1979-05-27T07:32", {"a": "1979-05-27T07:32:00"}),
        ("a = 1979-05-27 07:32Z", {"a": "1979-05-27T07:32:00Z"}),
        ("a.b = 1\na.c = 2", {"a": {"b": 1, "c": 2}}),
        ("[a.b]\n[a]\nx = 1", {"a": {"b": {}, "x": 1}}),
        ("[[a]]\n[a.b]\n[[a]]\n[a.b]", {"a": [{"b": {}}, {"b": {}}]}),
        ("[a]\nb.c = 1\n[a.b.d]", {"a": {"b": {"c": 1, "d": {}}}}),
        ("a.x = 1\n[a.b]", {"a": {"x": 1, "b": {}}}),
        ('"" = 1', {"": 1}),
        ("1.2 = 3", {"1": {"2": 3}}),
        ("a = 0x1F\nb = 0o17\nc = 0b11\nd = 1_000\ne = +0", {"a": 31, "b": 15, "c": 3, "d": 1000, "e": 0}),
        ("a = 1\r\nb = 2\r\n", {"a": 1, "b": 2}),
        ('a = """a"b""c"""', {"a": 'a"b""c'}),
        ("a = '''a''b'''", {"a": "a''b"}),
        ("a = 1e2\nb = 1.5E-1\nc = -0.0", {"a": 100, "b": 0.15, "c": 0}),
        ("", {}),
        ("# only a comment", {}),
    ],
)
def test_what_flyctl_takes(text: str, value: Any) -> None:
    assert plain(parsed(text).root) == value


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\na = 2", "[a]\n[a]", "[a]\n[[a]]", "[[a]]\n[a]", "a = 1\n[a]", "a = {b = 1, b = 2}", "a = {b = 1}\n[a]", "a = {b = 1}\na.c = 1",
        "a = [{}]\n[[a]]", "a.x = 1\n[a]", "a.x = 1\n[a.b]\n[a]", "[t]\na.x = 1\n[t.a]", "[a.b]\n[a]\nb.c = 1", "[a]\nb = 1\n[a.b]", "[[t]]\na.x=1\n[t.a]",
        "a.b = 1\na.b.c = 2", "a = 1\u00a0", "a = 1\u2028", "a = １", "a = 1\x0c", "a = 1\rb = 2", "a = [1,\r2]", "a = 01", "a = 1_", "a = 1__0", "a = +0x1",
        "a = 1.", "a = .1", "a = 1.e1", "a = Inf", "a = infinity", "a = 1e400", "a = 9223372036854775808", "a = 0x8000000000000000",
        "a = 0xffffffffffffffff", "a = " + "9" * 5000, "a = 24:00", "a = 23:59:60", "a = 1979-02-30", "a = 1900-02-29", "a = 1979-05-27T",
        "a = 1979-05-27T07:32+24:00", "a = 07:32Z", 'a = "\\ud800"', 'a = "\\q"', 'a = "\n"', 'a = "\x7f"', "a = true1", "a = True", "a", "= 1", "a b = 1",
        "[a", "[a]]", "[[a]", "[ [a] ]", "[]", "[a.]", "[a] x", "a = [1 2]", "a = [,]", "a = {,}", "a = {b = 1,, c = 2}", 'a = """', "a = '", "é = 1",
        "\ufeffa = 1", "a = \x00", "# \x01",
    ],
)  # fmt: skip
def test_what_flyctl_refuses(text: str) -> None:
    refused(text)


@pytest.mark.parametrize(
    ("text", "json", "printed"),
    [
        ("1979-05-27", "1979-05-27", "1979-05-27"),
        ("0000-02-29", "0000-02-29", "0000-02-29"),
        ("07:32:00.500", "07:32:00.500", "07:32:00.500"),
        ("07:32:00.1234567891", "07:32:00.123456789", "07:32:00.123456789"),
        ("1979-05-27t07:32:00.5", "1979-05-27T07:32:00.5", "1979-05-27T07:32:00.5"),
        ("1979-05-27 07:32:00Z", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00 +0000 UTC"),
        ("1979-05-27T07:32:00.500-00:00", "1979-05-27T07:32:00.5Z", "1979-05-27 07:32:00.5 +0000 UTC"),
        (
            "1979-05-27T07:32:00.123456789+01:30",
            "1979-05-27T07:32:00.123456789+01:30",
            "1979-05-27 07:32:00.123456789 +0130 +0130",
        ),
    ],
)
def test_a_moment_is_spelt_as_go_spells_it(text: str, json: str, printed: str) -> None:
    node = parsed(f"a = {text} # c").find(("a",))
    assert node is not None
    assert node.value == Moment(json=json, printed=printed)
    assert (node.start, node.end) == (4, 4 + len(text))


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("a = 1\nb = 2\n  a = 3\n", (3, 3, 3, 4), "a has a value already, since line 1"),
        ("[a]\nx = 1\n[b]\n[a] # again\n", (4, 1, 4, 4), "a is a table already, since line 1"),
        ("[[m]]\n\n[m]\n", (3, 1, 3, 4), "m is an array of tables already, since line 1"),
        ("a.b = 1\n[a]\n", (2, 1, 2, 4), "a is defined by a dotted key already, since line 1"),
        ("a = {b = 1,\n b = 2}\n", (2, 2, 2, 3), "b has a value already, since line 1"),
        ("ok = 1\nx = 1.2.3\n", (2, 8, 2, 9), "Unexpected character"),
        ("x = 99999999999999999999\n", (1, 5, 1, 6), "64 bits"),
        ('y = 1\nx = "abc', (2, 5, 2, 6), "the file ends before this is complete"),
        ("y = 1\nx = [1,\n\n", (2, 5, 2, 6), "the file ends before this is complete"),
        ("y = [{a = 1, b = ", (1, 6, 1, 7), "the file ends before this is complete"),
        ('y = "\u2028"\n# \x85\nx = ?', (3, 5, 3, 6), "Unexpected character"),
        ("x = 1\ry = 2", (1, 6, 1, 7), "carriage return"),
        ("\ufeffx = 1", (1, 1, 1, 2), "byte order mark"),
    ],
)
def test_a_syntax_error_says_where_and_what(text: str, where: tuple[int, int, int, int], says: str) -> None:
    finding = refused(text)
    assert place(finding.span) == where
    assert says in finding.message


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ('app = "x"', ("app",), (1, 1, 1, 4), (1, 7, 1, 10)),
        ("a . 'b c' = 1 # x", ("a", "b c"), (1, 1, 1, 10), (1, 13, 1, 14)),
        ("[s]\n  k = [1,\n 22]", ("s", "k"), (2, 3, 2, 4), (2, 7, 3, 5)),
        ("[s]\n  k = [1,\n 22]", ("s", "k", 1), (3, 2, 3, 4), (3, 2, 3, 4)),
        ("t = { a = 1, b = { c = 2 } }", ("t", "b", "c"), (1, 20, 1, 21), (1, 24, 1, 25)),
        ("[[p]]\nx = 1\n[[p]]\nx = 2", ("p", 1, "x"), (4, 1, 4, 2), (4, 5, 4, 6)),
        ("[[p]]\nx = 1\n[[p]]\nx = 2", ("p", 1), (3, 1, 3, 6), (3, 1, 3, 6)),
        ("[a.b]\nx = 1\n[a]\ny = 2", ("a",), (3, 1, 3, 4), (3, 1, 3, 4)),
        ('x = """\né\n"""\ny = "é"', ("x",), (1, 1, 1, 2), (1, 5, 3, 4)),
        ('x = "é😀" # c', ("x",), (1, 1, 1, 2), (1, 5, 1, 9)),
        ("a = 1\r\nb = 2\r\n", ("b",), (2, 1, 2, 2), (2, 5, 2, 6)),
    ],
)
def test_places(text: str, path: Path, key: tuple[int, ...], value: tuple[int, ...]) -> None:
    source = parsed(text)
    node = source.find(path)
    assert node is not None
    assert place(source.key_span(node)) == key
    assert place(source.value_span(node)) == value


@pytest.mark.parametrize(
    ("text", "hint"), [("app = shop", "quotes"), ('app = "sh\nop"', "on its line"), ("app = ]", "")]
)
def test_what_people_write_gets_advice(text: str, hint: str) -> None:
    found = refused(text).hint
    assert hint in found
    assert bool(found) is bool(hint)
