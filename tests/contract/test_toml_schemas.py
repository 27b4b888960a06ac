"""The schemas of fly.toml and flightplan.toml say what the readers say: for every key and many values, and for all vectors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import tomlkit
from jsonschema import Draft7Validator

from entrypoint.kernel.findings import Finding, has_errors
from entrypoint.manifest.decode.decoder import plain
from entrypoint.manifest.decode.schema import CONFIG
from entrypoint.manifest.decode.types import ListOf, MapOf, Struct, Type
from entrypoint.manifest.policy.read import read_policy
from entrypoint.manifest.read import read
from entrypoint.manifest.syntax.toml import parse_toml
from tests.contract.schemas import fly, policy
from tests.contract.schemas.common import HOME, spell
from tests.golden.vectors import load, load_or_skip
from tests.stage import ROOT

FLY, POLICY = Draft7Validator(fly.make()), Draft7Validator(policy.make())
FOLDER = ROOT / "docs" / "schemas"
VALUES: tuple[Any, ...] = (
    "x", "10s", "8080", 1, 1.5, True, [], ["x"], {"x": "y"}, {"x": 1}, [{"name": "x"}], [["x"]],
)  # fmt: skip
OLD_SPELLINGS = (
    ("compute",), ("computes",), ("mount",), ("metric",), ("build", "build_target"), ("compute", "memory"), ("vm", "cpus"),
    ("mounts", "initial_size"), ("vm", "memory"), ("metrics", "port"), ("services", "internal_port"), ("services", "ports", "port"),
    ("services", "ports", "start_port"), ("services", "http_checks", "headers"), ("services", "tcp_checks", "interval"),
)  # fmt: skip


@pytest.mark.parametrize("maker", [fly, policy], ids=["fly.toml", "flightplan.toml"])
def test_the_file_is_what_the_code_makes(maker):
    schema = maker.make()
    assert (FOLDER / maker.NAME).read_text("utf-8") == spell(schema), "run: python -m tests.contract.schemas"
    Draft7Validator.check_schema(schema)
    assert schema["$id"] == f"{HOME}/{maker.NAME}"


@pytest.mark.parametrize("validator", [FLY, POLICY], ids=["fly.toml", "flightplan.toml"])
def test_every_key_is_described(validator):
    def described(schema: Any) -> Iterator[tuple[str, str]]:
        if isinstance(schema, dict):
            properties = schema.get("properties")
            for name, value in (properties or {}).items():
                yield name, value.get("description", "")
            for value in schema.values():
                yield from described(value)
        elif isinstance(schema, list):
            for value in schema:
                yield from described(value)

    schema = {key: value for key, value in validator.schema.items() if key != "required"}
    short = {name for name, words in described(schema) if not words.endswith(".")}
    assert short <= {"name"}


def test_every_description_belongs_to_a_key():
    text = spell(fly.make())
    unused = [
        words
        for section, keys in fly.DESCRIPTIONS.items()
        for key, words in keys.items()
        if key and json.dumps(words, ensure_ascii=False) not in text and section != "concurrency"
    ]
    assert unused == []


def paths(type_: Type, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where every key of fly.toml stands."""
    match type_:
        case Struct(fields=fields):
            for key, inner in fields.items():
                yield (*at, key)
                yield from paths(inner, (*at, key))
        case ListOf(of=inner):
            yield from paths(inner, (*at, 0))
        case MapOf(of=Struct() as inner):
            yield from paths(inner, (*at, "x"))
        case _:
            pass


def nested(path: tuple[str | int, ...], value: Any) -> Any:
    for part in reversed(path):
        value = [value] if part == 0 else {part: value}
    return value


def judge(text: str, document: Any) -> str:
    """What the schema and the reader disagree about; empty where they agree."""
    findings = read(text, file="fly.toml").findings
    if any(finding.rule == "dropped-value" or "must be finite" in finding.message for finding in findings):
        return ""  # stricter than flyctl, which drops it; and JSON has no NaN
    is_valid = FLY.is_valid(document)
    if not has_errors(findings) and not is_valid:
        return f"no error, and the schema says: {next(FLY.iter_errors(document)).message[:200]}"
    wrong = [finding for finding in findings if finding.rule == "wrong-type"]
    return f"the schema takes it, and we say: {wrong[0].message}" if wrong and is_valid else ""


def test_every_key_of_fly_toml__with_values_of_every_type():
    differ = {}
    for path in [*paths(CONFIG), *OLD_SPELLINGS]:
        for value in VALUES:
            document = nested(path, value)
            if said := judge(tomlkit.dumps(document), document):
                differ[path, str(value)] = said
    assert differ == {}


def documents(name: str) -> Iterator[tuple[str, str, Any]]:
    for line in load(name):
        source = parse_toml(line["toml"], file="fly.toml")
        if not isinstance(source, Finding):
            yield line.get("name") or line["source"], line["toml"], plain(source.root)


@pytest.mark.parametrize("name", ["flytoml-cases", "wild", "mutants"])
def test_every_vector(name):
    load_or_skip(name)
    differ = {who: said for who, text, document in documents(name) if (said := judge(text, document))}
    assert differ == {}


MORE: tuple[Any, ...] = (
    0, -1, 2, 0.5, 500, 501, 1000, 1001, 100, 99, 599, 3601, "", "10gb", "10 GB", "10xb", "rollback", "none", "off", "create", {}, [{}], [1],
    {"iad": 2, "gru": 0}, {"iad": 1001}, {"IAD": 1}, [["web"], ["worker"]], [[]], [[1]], {"a": {"b": "ok"}}, {"a": 1, "b": 2},
    "https://shop.fly.dev/up", "ftp://shop.fly.dev", "n" * 501, f" {'n' * 500} ",
)  # fmt: skip


def policy_values() -> Iterator[tuple[tuple[str, ...], Any]]:
    for section, table in POLICY.schema["properties"].items():
        for value in VALUES:
            yield (section,), value
        keys = {"groups": {"web": None}, "rules": {"region": None, "regoin": None}}.get(section) or table[
            "properties"
        ]
        inner = table["additionalProperties"]["properties"] if section == "groups" else {}
        for key in keys:
            for value in (*VALUES, *MORE):
                yield (section, key), value
                for deeper in (*inner, "cuont"):
                    if section == "groups":
                        yield (section, key, deeper), value
        yield (section, "qqqq"), 1
    yield ("qqqq",), {}


def test_every_key_of_flightplan_toml__with_values_of_every_type():
    differ = {}
    for path, value in policy_values():
        document = nested(path, value)
        if path[0] == "verify" and path[-1] in ("status", "json"):
            document["verify"]["url"] = "https://shop.fly.dev"
        refused = has_errors(read_policy(tomlkit.dumps(document), file="flightplan.toml").findings)
        if refused is POLICY.is_valid(document) and (path, value) not in BEYOND:
            differ[path, str(value)] = refused
    assert differ == {}


BEYOND: tuple[tuple[tuple[str, ...], Any], ...] = ((("groups", "web", "volume_size"), "8080"),)
"""What a schema cannot see: how large a size is that is written as text."""


@pytest.mark.parametrize(
    "file",
    [
        *(ROOT / "tests" / "golden" / "comments").glob("*/flightplan.toml"),
        *ROOT.glob("examples/**/flightplan.toml"),
    ],
    ids=lambda file: file.parent.name,
)
def test_policies_that_are_kept_here(file):
    source = parse_toml(file.read_text("utf-8"), file=file.name)
    assert not isinstance(source, Finding)
    assert list(POLICY.iter_errors(plain(source.root))) == []


def test_the_schema_line_does_no_harm():
    line = f"#:schema {HOME}/{policy.NAME}\n"
    assert read_policy(line + "[groups.web]\ncount = 2\n", file="flightplan.toml").findings == ()
    before = read('app = "shop"\n', file="fly.toml").findings
    after = read(f'#:schema {HOME}/{fly.NAME}\napp = "shop"\n', file="fly.toml").findings
    assert [finding.rule for finding in after] == [finding.rule for finding in before]
