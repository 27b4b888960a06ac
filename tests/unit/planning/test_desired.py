"""What a machine should run, as flyctl finishes a config while deploying (machines_launchinput.go)."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.json import JsonObject
from entrypoint.planning.desired import deployed
from tests.unit.manifest.kit import manifest_of

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
