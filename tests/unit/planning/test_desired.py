"""What a machine should run, as flyctl finishes a config while deploying (machines_launchinput.go)."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.fleet.normalise import normal_config
from entrypoint.kernel.json import JsonObject
from entrypoint.planning.desired import deployed, is_as_wanted
from tests.unit.manifest.kit import manifest_of
from tests.unit.planning.kit import machine

IMAGE = "registry.fly.io/a:v2"


def finished(config: JsonObject, toml: str = "") -> Any:
    return deployed(config, manifest=manifest_of(toml), image=IMAGE)


def test_the_image_goes_wherever_a_dot_stands_for_it() -> None:
    config = finished(
        {
            "files": [
                {"guest_path": "/a", "image_config": "."},
                {"guest_path": "/b", "image_config": "other"},
            ],
            "containers": [
                {"name": "app", "image": ".", "files": [{"image_config": "."}]},
                {"name": "db", "image": "postgres:16"},
            ],
        }
    )
    assert config["image"] == IMAGE
    assert [file["image_config"] for file in config["files"]] == [IMAGE, "other"]
    assert [container["image"] for container in config["containers"]] == [IMAGE, "postgres:16"]
    assert config["containers"][0]["files"] == [{"image_config": IMAGE}]


@pytest.mark.parametrize(
    ("toml", "guest"),
    [
        ("", {"cpus": 1}),
        ("host_dedication_id = ''", {"cpus": 1}),
        ("host_dedication_id = 'h'", {"cpus": 1, "host_dedication_id": "h"}),
        (
            "host_dedication_id = 'h'\n[[vm]]\nhost_dedication_id = 'other'",
            {"cpus": 1, "host_dedication_id": "h"},
        ),
    ],
)
def test_the_dedicated_host_of_the_top_level_wins(toml: str, guest: dict[str, Any]) -> None:
    assert finished({"guest": {"cpus": 1}}, toml)["guest"] == guest


FOR = {"FLY_STANDBY_FOR": "p"}


@pytest.mark.parametrize(
    ("live", "wanted", "is_same"),
    [
        ({"standbys": ["p"], "env": {"A": "1", **FOR}}, {"standbys": ["p"], "env": {"A": "1"}}, True),
        ({"standbys": ["p"], "env": {"A": "2", **FOR}}, {"standbys": ["p"], "env": {"A": "1"}}, False),
        ({"env": {"A": "1", **FOR}}, {"env": {"A": "1"}}, False),
        ({"standbys": ["p"], "env": {"A": "1", **FOR}}, {"standbys": ["p"], "env": {"A": "1", **FOR}}, True),
        ({"standbys": ["p"], "env": {"A": "1"}}, {"standbys": ["p"], "env": {"A": "1", **FOR}}, False),
        (
            {"standbys": ["p"], "env": {"A": "1", **FOR}},
            {"standbys": ["p"], "env": {"A": "1", "FLY_STANDBY_FOR": "q"}},
            False,
        ),
        ({"standbys": ["p"]}, {"standbys": ["p"]}, True),
    ],
)
def test_the_variable_that_flyctl_drops_from_a_standby__asks_for_no_write(
    live: JsonObject, wanted: JsonObject, is_same: bool
) -> None:
    found = machine("a", "worker", config={"env": None, **live})
    base = {key: value for key, value in found.config.items() if key not in ("env", "standbys")}
    assert is_as_wanted(normal_config(found.config), normal_config({**base, **wanted})) is is_same
