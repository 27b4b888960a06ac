"""One list of keys, and everything that shows a value asks it."""

from __future__ import annotations

import pytest

from entrypoint.adapters.machines.private import private_values
from entrypoint.kernel.json import JsonObject
from entrypoint.kernel.redaction import (
    PRIVATE_KEYS,
    PRIVATE_TEXT,
    has_private_key,
    is_private_key,
    is_private_path,
    is_private_place,
    may_be_private,
)
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.read import read
from entrypoint.planning.diff import diff_configs
from entrypoint.report.findings.terminal import findings_text
from tests.unit.report.made import finding

SECRET = "hunter2hunter2"


@pytest.mark.parametrize("key", sorted(PRIVATE_KEYS))
@pytest.mark.parametrize("spelt", [str.lower, str.upper])
def test_a_private_value__is_in_no_difference_and_in_no_error(key: str, spelt) -> None:
    config: JsonObject = {"x": {spelt(key): {"A": SECRET}}, "list": [[{spelt(key): SECRET}]]}
    changes = diff_configs({}, config)
    assert changes
    assert SECRET not in repr(changes)
    assert private_values(config) == (SECRET,)


@pytest.mark.parametrize("key", sorted(PRIVATE_TEXT))
def test_a_private_value__is_on_no_line_that_is_shown(key: str) -> None:
    text = f"[x]\n{key} = '{SECRET}'\n\n['{key}']\nA = '{SECRET}'\n"
    made = [
        finding(line=2, column=1, end_column=2)._replace(path="x"),
        finding(line=5, column=1, end_column=2)._replace(path=f"{key}.A"),
        finding(line=5, column=1, end_column=2)._replace(path=""),
    ]
    said = findings_text(made, texts={"fly.toml": text})
    assert said.count(" | ") == 6  # a line and a caret each
    assert SECRET not in said


@pytest.mark.parametrize(
    "toml", ["[Env]\nA = 1234567", "[build.args]\nA = 1234567", "[checks.a]\nheaders.A = [1234567]"]
)
def test_a_private_value__is_in_no_finding(toml: str) -> None:
    findings = read(toml, file="fly.toml").findings
    assert findings
    assert "1234567" not in repr(findings)


@pytest.mark.parametrize(
    "text", [' {"env": {"A": "hunter2hunter2"}}', "{'env': 'hunter2hunter2'}", "hunter2hunter2"]
)
def test_a_machine_config_that_is_none__is_not_repeated(text: str) -> None:
    manifest = read(f'machine_config = """{text}"""', file="fly.toml").manifest
    assert manifest is not None
    made = machine_config(manifest, group=manifest.default_group, live=None, compat=Compat.FLIGHTPLAN)
    assert made.config is None
    assert SECRET not in repr(made.findings)


def test_other_keys__are_shown() -> None:
    assert not is_private_key("environment")
    assert not is_private_path(("services", 0, "internal_port"))
    assert not is_private_place("services[0].my_env")
    assert not has_private_key("my_env = 1")
    assert not has_private_key("region = 'env'")
    assert not may_be_private("internal_port = 1")
    assert [c.after for c in diff_configs({}, {"guest": {"cpus": 2}})] == [2]
    assert private_values({"name": SECRET}) == ()
