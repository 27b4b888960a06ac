"""fly.toml × what flyctl's own code makes of it: the stage it reaches, groups, and every Machine config, equal as JSON."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.convert.tasks import release_config
from entrypoint.manifest.read import read
from tests.golden.vectors import comparable, load, load_or_skip

CASES = load("flytoml-cases")


def what_we_make(toml: str) -> dict[str, Any]:
    """The same observation of ours, under `compat: flyctl`."""
    reading = read(toml, file="fly.toml")
    manifest = reading.manifest
    if manifest is None:
        return {"stage": reading.stage.value}
    made = {
        g: machine_config(manifest, group=g, live=None, compat=Compat.FLYCTL).config for g in manifest.groups
    }
    release = release_config(manifest, compat=Compat.FLYCTL)
    return {
        "stage": reading.stage.value,
        "groups": list(manifest.groups),
        "default_group": manifest.default_group,
        "machine_config": {group: comparable(config) for group, config in made.items() if config is not None},
        "machine_config_fails_for": sorted(group for group, config in made.items() if config is None),
        "release_machine_config": comparable(release.config) if release else None,
    }


def what_flyctl_makes(observed: dict[str, Any]) -> dict[str, Any]:
    """The recorded observation in the same shape."""
    if "groups" not in observed:
        return {"stage": observed["stage"]}
    return {
        "stage": observed["stage"],
        "groups": observed["groups"],
        "default_group": observed["default_group"],
        "machine_config": {g: comparable(c) for g, c in (observed.get("machine_config") or {}).items()},
        "machine_config_fails_for": sorted(observed.get("machine_config_fails_for") or ()),
        "release_machine_config": comparable(observed.get("release_machine_config")),
    }


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case_is_what_flyctl_makes_of_it(case: dict[str, Any]) -> None:
    assert what_we_make(case["toml"]) == what_flyctl_makes(case["flyctl"])


@pytest.mark.parametrize("name", ["wild", "mutants"])
def test_real_and_mutated_files_are_what_flyctl_makes_of_them(name: str) -> None:
    lines = load_or_skip(name)
    missed = [
        line.get("name") or line["source"]
        for line in lines
        if what_we_make(line["toml"]) != what_flyctl_makes(line["flyctl"])
    ]
    assert missed == []


def test_the_committed_cases_are_all_there() -> None:
    assert len(CASES) == 176
    assert {case["flyctl"]["stage"] for case in CASES} == {"toml", "decode", "validate", "ok"}


def test_the_comparison_sees_a_changed_value() -> None:
    case = next(case for case in CASES if "machine_config" in case["flyctl"])
    observed = what_flyctl_makes(case["flyctl"])
    group = GroupName(observed["groups"][0])
    observed["machine_config"][group]["env"]["FLY_PROCESS_GROUP"] = "other"
    assert what_we_make(case["toml"]) != observed
