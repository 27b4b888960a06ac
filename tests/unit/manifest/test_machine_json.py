"""machine_config: a Machine config given whole, laid under fly.toml as Go lays JSON over a struct."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoint.kernel.run import Compat
from tests.unit.manifest.kit import Folder, config_of


def config_with(
    given: object, *, live: dict[str, Any] | None = None, extra: str = "", compat: Compat = Compat.FLYCTL
) -> Any:
    return config_of(f"machine_config = '{json.dumps(given)}'\n{extra}", live=live, compat=compat)


def test_only_what_fly_toml_does_not_own_comes_through() -> None:
    given = {
        "env": {"X": "1"},
        "services": [{"internal_port": 1}],
        "restart": {"policy": "always"},
        "guest": {"cpus": 7},
        "schedule": "daily",
        "metadata": {"k": "v"},
    }
    config = config_with(given)
    assert (config["guest"], config["schedule"], config["metadata"]["k"]) == ({"cpus": 7}, "daily", "v")
    assert "services" not in config
    assert "restart" not in config
    assert "X" not in config["env"]


def test_it_is_merged_into_a_live_config_at_every_depth() -> None:
    live = {
        "dns": {"hostname": "h", "options": [{"name": "a", "value": "1"}, {"name": "b"}]},
        "containers": [{"name": "app", "image": "old", "user": "u"}],
    }
    config = config_with(
        {
            "dns": {"skip_registration": True, "options": [{"value": "2"}], "hostname": None},
            "containers": [{"name": "web"}],
        },
        live=live,
    )
    assert config["dns"] == {
        "hostname": "h",
        "skip_registration": True,
        "options": [{"name": "a", "value": "2"}],
    }
    assert config["containers"] == [{"name": "web", "image": ".", "user": "u"}]


@pytest.mark.parametrize(
    ("given", "extra", "images"),
    [
        ([{"name": "db", "image": "i"}, {"name": "app"}], "", ["i", "."]),
        ([{"name": "x", "image": "j"}, {"name": "db", "image": "i"}], "", [".", "i"]),
        ([{"name": "x", "image": "j"}, {"name": "db"}], "container = 'db'", ["j", "."]),
    ],
)
def test_which_container_gets_the_image(given: list[dict[str, str]], extra: str, images: list[str]) -> None:
    assert [c["image"] for c in config_with({"containers": given}, extra=extra)["containers"]] == images


@pytest.mark.parametrize(
    ("given", "extra"),
    [
        ({"containers": [{"name": "x"}, {"name": "db"}]}, ""),
        ({"containers": [{"name": "x"}]}, "container = 'zz'"),
        ({"guest": {"cpus": "x"}}, ""),
        ({"guest": []}, ""),
        ({"stop_config": {"timeout": "soon"}}, ""),
        ({"env": {"A": 1}}, ""),
        ({"rootfs": {"persist": "forever"}}, ""),
    ],
)
def test_what_cannot_be_used(given: object, extra: str) -> None:
    assert config_with(given, extra=extra) is None


@pytest.mark.parametrize("text", ["foo", "[1]", "{", "no.json", '{"a": 1}}'])
def test_what_is_no_machine_config(text: str) -> None:
    assert config_of(f"machine_config = '{text}'") is None


def test_a_file_and_the_experimental_spelling() -> None:
    local = Folder({"m.json": b'{"schedule": "daily"}'})
    assert config_of("machine_config = 'm.json'", local=local)["schedule"] == "daily"
    toml = "machine_config = 'm.json'\n[experimental]\nmachine_config = '{\"schedule\": \"hourly\"}'"
    assert config_of(toml, local=local)["schedule"] == "hourly"
    assert config_of("machine_config = ''")["init"] == {}


def test_an_empty_compose_section_without_a_compose_file_is_nothing() -> None:
    assert config_of("[build.compose]", local=Folder()) is not None
    assert config_of("[build.compose]", local=Folder({"compose.yml": b""})) is None
    assert config_of("[build.compose]\nfile = 'x.yml'", local=Folder()) is None


@pytest.mark.parametrize(("compat", "kept"), [(Compat.FLIGHTPLAN, True), (Compat.FLYCTL, False)])
def test_keys_that_flyctl_does_not_know(compat: Compat, *, kept: bool) -> None:
    live = {"tomorrow": 1, "dns": {"shiny": True}, "containers": [{"name": "app", "image": "x", "glow": 1}]}
    config = config_with({"init": {"sparkle": 1}}, live=live, compat=compat)
    assert [
        ("tomorrow" in config),
        ("shiny" in config["dns"]),
        ("glow" in config["containers"][0]),
        ("sparkle" in config["init"]),
    ] == [kept] * 4
