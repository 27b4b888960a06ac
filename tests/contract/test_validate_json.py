"""docs/validate-json.md ↔ what `validate --format json` prints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from entrypoint.kernel.run import Compat
from entrypoint.manifest.read import read
from entrypoint.report.findings.as_json import validation_json

PAGE = (Path(__file__).parents[2] / "docs" / "validate-json.md").read_text("utf-8")


def printed(toml: str) -> dict[str, Any]:
    reading = read(toml, file="fly.toml")
    found: dict[str, Any] = json.loads(validation_json(reading, reading.findings, compat=Compat.FLYCTL))
    return found


def test_the_example_has_the_keys_that_are_printed() -> None:
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    shown = json.loads(block[1])
    found = printed("app = 'a'\nap = 1\n[deploy]\nrelease_command = 'x'")
    assert shown.keys() == found.keys()
    assert shown["findings"][0].keys() == found["findings"][0].keys()
    assert shown["release"].keys() == found["release"].keys()
    assert shown["flyctl"].keys() == found["flyctl"].keys()


def test_a_file_that_cannot_be_decoded_has_no_groups() -> None:
    found = printed("swap_size_mb = 'x'")
    assert (found["app"], found["default_group"], found["groups"], found["release"]) == (None, None, {}, None)
    assert found["flyctl"] == {"stage": "decode"}


def test_a_group_that_cannot_be_converted_is_there_without_a_config() -> None:
    assert printed("[[vm]]\nsize = 'huge'")["groups"] == {"app": {"machine_config": None}}
