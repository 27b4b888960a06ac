"""Whatever a file holds, rules find or are silent: they see the values of files that do not decode, too."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from entrypoint.manifest.decode.schema import CONFIG
from entrypoint.manifest.decode.types import ListOf, MapOf, Struct, Type
from entrypoint.manifest.read import read
from tests.unit.manifest.pages import example
from tests.unit.manifest.rules.test_pages import FOUND_IN_FILES

ODD = (
    *(
        "0",
        "-1",
        "9223372036854775807",
        "1.5",
        "-0.0",
        "1e300",
        "nan",
        "inf",
        "true",
        "false",
        '""',
        '"x"',
        '"/"',
    ),
    *("'[{]}\\'", '"\\u0000\\u202e`"', "1979-05-27", "07:32:00", "[]", "[[]]", "[1, 'x']", "{}", "{a = 1}"),
    *("[{}]", "['app', 'app']", "['']", "[{a = [{}]}]"),
)


def _paths(type_: Type, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every key of the schema, dotted; of maps one free key."""
    match type_:
        case Struct():
            for key, inner in type_.fields.items():
                yield ".".join((*path, key))
                yield from _paths(inner, (*path, key))
        case MapOf():
            yield ".".join((*path, "web"))
            yield from _paths(type_.of, (*path, "web"))
        case ListOf():
            yield from _paths(type_.of, path)
        case _:
            return


KEYS = sorted(set(_paths(CONFIG)))


def _check(text: str) -> None:
    lines = text.split("\n")
    for finding in read(text, file="fly.toml").findings:
        span = finding.span
        assert span is not None, finding
        assert 1 <= span.line <= len(lines), finding
        assert 1 <= span.column <= len(lines[span.line - 1]) + 2, finding
        assert (span.end_line, span.end_column) >= (span.line, span.column), finding
        assert finding.message


def _nested(key: str, value: str) -> str:
    """The key as a table in lists of tables, where the schema has lists."""
    *parents, last = key.split(".")
    inner = f"{{ {last} = {value} }}"
    for parent in reversed(parents[1:]):
        inner = f"{{ {parent} = [{inner}] }}"
    return f"{parents[0]} = [{inner}]" if parents else f"{last} = {value}"


@pytest.mark.parametrize("value", ODD)
def test_every_key_takes_any_value(value: str) -> None:
    for key in KEYS:
        _check(f"{key} = {value}")
        _check(_nested(key, value))


def test_examples_with_lines_lost_moved_and_doubled() -> None:
    chance = random.Random(20261124)
    texts = [example(id_, "Bad").files["fly.toml"] for id_ in FOUND_IN_FILES]
    for _ in range(400):
        lines = "\n".join(chance.sample(texts, 2)).split("\n")
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(lines))
            edit = chance.randrange(4)
            if edit == 0:
                del lines[place]
                lines = lines or [""]
            elif edit == 1:
                lines.insert(chance.randrange(len(lines)), lines[place])
            elif edit == 2:
                lines.insert(chance.randrange(len(lines)), lines.pop(place))
            else:
                key = lines[place].partition("=")[0]
                lines[place] = f"{key}= {chance.choice(ODD)}"
        _check("\n".join(lines))


@pytest.mark.parametrize(
    "name", ["services", "vm", "mounts", "metrics", "restart", "files", "statics", "machine_checks"]
)
def test_lists_with_members_that_do_not_decode_keep_their_places(name: str) -> None:
    """A number among tables is left out of the values; what follows must not be reported at its line."""
    text = f'{name} = [\n1,\n{{ processes = ["nope"], guest_path = "x", policy = "x" }},\n]\n'
    for finding in read(text, file="fly.toml").findings:
        assert finding.span is not None
        if finding.path.startswith(f"{name}[1]"):
            assert finding.span.line == 3, finding


def test_json_has_no_positions_and_still_has_findings() -> None:
    text = json.dumps(
        {"http_service": {"autostop": True}, "restart": [{"policy": "no"}], "vm": [{"cpus": 4}]}
    )
    found = {finding.rule for finding in read(text, file="fly.json").findings}
    assert {"unknown-key", "internal-port-missing", "restart-policy", "vm-memory"} <= found
