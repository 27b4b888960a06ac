"""docs/plan-json.md names every key that plan.json has, and no other."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator

from entrypoint.kernel.run import AllowDestroy, Format
from tests.bench import FLEET, MANIFEST, make_bench, virtual
from tests.stage import ROOT

PAGE = (ROOT / "docs" / "plan-json.md").read_text("utf-8")


LEFT_OUT = {"tests", "drain", "rests"}
"""Keys of a step that are there only where there is something to say."""


def documented(section):
    rows = re.findall(
        r"^\| (`[^|]*`) \|", PAGE.partition(f"## {section}")[2].partition("\n## ")[0], re.MULTILINE
    )
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}


def make_plan(*, inputs=None, **changes):
    bench = make_bench(**changes)
    virtual(lambda: bench.plan(format=Format.JSON, allow_destroy=AllowDestroy.ALL, **(inputs or {})))
    (text,) = bench.console.shown
    assert text == bench.console.files["plan.json"]
    return json.loads(text)


def test_the_page_has_every_key():
    made = make_plan(
        manifest=MANIFEST.replace('worker = "bin/worker --queue default"\n', "")
        + '[[machine_checks]]\ncommand = ["t"]\n',
        inputs={"regions": ("ams",)},
        **{"flightplan.toml": '[verify]\nbake = 5\n[comment]\nnote = "Ask ops first."\n'},
    )
    assert documented("The object") == set(made)
    assert {step["verb"] for step in made["steps"]} == {"create", "update", "destroy"}
    assert documented("A step") == set().union(*made["steps"], LEFT_OUT)


def test_the_page_has_every_key_of_the_preflight():
    fleet = {**FLEET, "staged_secrets": {"STRIPE_KEY": "sk"}, "acts": [{"act": "lease", "ttl": 300, "at": 0}]}
    found = make_plan(fleet=fleet, inputs={"scale": "web=9"})["preflight"]
    assert set(found) == documented("The preflight")
    keys = set().union(found["token"], *found["secrets"], *found["leases"], *found["room"])
    section = PAGE.partition("## The preflight")[2]
    assert {key for key in keys if f"`{key}`" not in section} == set()


def test_the_page_has_the_keys_and_verbs_of_strategies():
    for strategy, verb in (("bluegreen", "swap"), ("canary", "canary")):
        made = make_plan(manifest=MANIFEST[: MANIFEST.index("[[mounts]]")].replace("rolling", strategy))
        assert verb in {step["verb"] for step in made["steps"]}
        assert f"`{verb}`" in PAGE
        assert set().union(*made["steps"]) <= documented("A step")


def test_values_of_env_are_not_in_it():
    config = {**FLEET["configs"], "web": {**FLEET["configs"]["web"], "env": {"API_KEY": "hunter2"}}}
    manifest = MANIFEST.replace('LOG_LEVEL = "info"', 'LOG_LEVEL = "info"\n  API_KEY = "hunter3"')
    text = json.dumps(make_plan(fleet={**FLEET, "configs": config}, manifest=manifest))
    assert "env.API_KEY" in text
    assert "hunter" not in text


SCHEMA = json.loads((ROOT / "docs" / "schemas" / "plan-1.json").read_text("utf-8"))
CASES = sorted((ROOT / "tests" / "golden" / "comments").glob("*/plan.json"))


def strict(schema):
    """The same without room for keys that it does not name."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: strict(value) for key, value in schema.items()}
    if "properties" in found and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


def named(schema, path=""):
    """Every property by its path, with what the schema says of it."""
    for key, value in schema.get("properties", {}).items():
        yield f"{path}.{key}", value
        yield from named(value, f"{path}.{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from named(schema[key], f"{path}.*")


def test_the_schema_is_one__and_says_of_every_key_what_it_means():
    Draft202012Validator.check_schema(SCHEMA)
    roots = [SCHEMA, *SCHEMA["$defs"].values()]
    assert not [
        name
        for root in roots
        for name, value in named(root)
        if not (value.get("description") or "$ref" in value)
    ]


@pytest.mark.parametrize("case", CASES, ids=[case.parent.name for case in CASES])
def test_every_kept_plan__follows_the_schema_and_has_no_other_key(case):
    made = json.loads(case.read_text("utf-8"))
    assert list(Draft202012Validator(strict(SCHEMA)).iter_errors(made)) == []


@pytest.mark.parametrize("strategy", ["rolling", "immediate", "canary", "bluegreen"])
def test_plans_of_every_strategy__follow_the_schema(strategy):
    made = make_plan(
        manifest=MANIFEST[: MANIFEST.index("[[mounts]]")].replace("rolling", strategy),
        **{"flightplan.toml": '[verify]\nurl = "https://a.example/"\n[groups.worker]\ndrain = true\n'},
    )
    assert list(Draft202012Validator(strict(SCHEMA)).iter_errors(made)) == []


def test_a_plan_has_every_machine__touched_or_kept():
    made = make_plan()
    told = {step["machine"] for step in made["steps"]} | {kept["machine"] for kept in made["kept"]}
    assert {machine["id"] for machine in FLEET["machines"]} <= told


def test_the_page_and_the_schema_name_the_same_keys():
    assert documented("The object") == set(SCHEMA["properties"])
    assert documented("A step") == set(SCHEMA["properties"]["steps"]["items"]["properties"])
    assert documented("A row of `volumes`") == set(SCHEMA["properties"]["volumes"]["items"]["properties"])
