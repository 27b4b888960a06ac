"""docs/plan-json.md names every key that plan.json has, and no other."""

from __future__ import annotations

import json
import re

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
        **{"flightplan.toml": "[verify]\nbake = 5\n"},
    )
    assert documented("The object") == set(made)
    assert {step["verb"] for step in made["steps"]} == {"create", "update", "destroy"}
    assert documented("A step") == set().union(*made["steps"], LEFT_OUT)


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
