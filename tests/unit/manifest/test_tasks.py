"""Release, console and test machines."""

from __future__ import annotations

from typing import Any

import pytest

from entrypoint.kernel.json import JsonObject
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.tasks import console_config, release_config
from entrypoint.manifest.convert.tasks import test_config as machine_check_config
from tests.unit.manifest.kit import manifest_of

COMMON = {"restart": {"policy": "no"}, "auto_destroy": True, "dns": {"skip_registration": True}}


def release_of(toml: str) -> Any:
    made = release_config(manifest_of(toml), compat=Compat.FLYCTL)
    assert made is not None
    return made.config


def test_the_release_machine() -> None:
    toml = (
        "primary_region = 'ams'\nkill_signal = 'SIGTERM'\nswap_size_mb = 0\n[env]\nA = '1'\nRELEASE_COMMAND = 'x'\n[deploy]\nrelease_command = \"bin/rails 'db migrate'\"\n"
        "[deploy.release_command_vm]\nsize = 'shared-cpu-2x'\nmemory = '1gb'\nprocesses = ['nope']\n[experimental]\nentrypoint = ['e']\nexec = ['z']\n"
        "[[files]]\nguest_path = '/k'\nsecret_name = 'K'\nprocesses = ['nope']\n[http_service]\ninternal_port = 80\n"
    )
    group = "fly_app_release_command"
    assert release_of(toml) == {
        **COMMON,
        "init": {"cmd": ["bin/rails", "db migrate"], "entrypoint": ["e"], "swap_size_mb": 0},
        "env": {"A": "1", "RELEASE_COMMAND": "1", "FLY_PROCESS_GROUP": group, "PRIMARY_REGION": "ams"},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": group},
        "stop_config": {"signal": "SIGTERM"},
        "files": [{"guest_path": "/k", "secret_name": "K"}],
        "guest": {"cpu_kind": "shared", "cpus": 2, "memory_mb": 1024},
    }


@pytest.mark.parametrize("deploy", ["", "[deploy]", "[deploy]\nrelease_command = ''"])
def test_no_release_command_no_machine(deploy: str) -> None:
    assert release_config(manifest_of(deploy), compat=Compat.FLYCTL) is None


@pytest.mark.parametrize("command", ["   ", "# only"])
def test_a_command_of_nothing_runs_the_image_itself(command: str) -> None:
    assert release_of(f"[deploy]\nrelease_command = '{command}'")["init"] == {}


@pytest.mark.parametrize("vm", ["size = 'nope'", "memory = 'lots'"])
def test_a_release_machine_that_cannot_be_made(vm: str) -> None:
    made = release_config(
        manifest_of(f"[deploy]\nrelease_command = 'x'\nrelease_command_vm = {{{vm}}}"), compat=Compat.FLYCTL
    )
    assert made is not None
    assert made.config is None
    assert [finding.path for finding in made.findings] == ["deploy.release_command_vm"]


def test_the_console_machine_sleeps() -> None:
    config = console_config(
        manifest_of(
            "swap_size_mb = 5\nkill_signal = 'SIGTERM'\n[experimental]\nentrypoint = ['e']\n[env]\nA = '1'"
        )
    )
    assert config == {
        **COMMON,
        "init": {"exec": ["/bin/sleep", "inf"], "swap_size_mb": 5},
        "env": {"A": "1", "FLY_PROCESS_GROUP": "fly_app_console"},
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "fly_app_console"},
    }


def test_the_machine_of_a_machine_check() -> None:
    manifest = manifest_of("kill_signal = 'SIGTERM'\nprimary_region = 'ams'\n[env]\nA = '1'\nB = '1'")
    origin: JsonObject = {
        "image": "origin",
        "env": {"B": "2", "FLY_PROCESS_GROUP": "web"},
        "init": {"entrypoint": ["from-origin"]},
    }
    config = machine_check_config(manifest, {"command": ["curl"]}, origin=origin, address="fdaa::1").config
    assert config == {
        **COMMON,
        "init": {"cmd": ["curl"], "entrypoint": ["from-origin"]},
        "image": "origin",
        "env": {
            "A": "1",
            "B": "2",
            "FLY_TEST_COMMAND": "1",
            "FLY_TEST_MACHINE_IP": "fdaa::1",
            "FLY_PROCESS_GROUP": "fly_app_test_machine_command",
            "PRIMARY_REGION": "ams",
        },
        "metadata": {"fly_platform_version": "v2", "fly_process_group": "fly_app_test_machine_command"},
        "stop_config": {"signal": "SIGTERM"},
    }


def test_a_machine_check_with_its_own_image_stops_as_that_image_does() -> None:
    manifest = manifest_of("kill_signal = 'SIGTERM'\nkill_timeout = 5")
    check: JsonObject = {"command": ["x"], "image": "own", "entrypoint": ["e"], "kill_timeout": 7}
    config = machine_check_config(manifest, check, origin={"image": "origin"}, address="").config
    assert config is not None
    assert (config["image"], config["stop_config"]) == ("own", {"timeout": "7ns"})
    bare = machine_check_config(manifest, {"command": ["x"], "image": "own"}, origin={}, address="").config
    assert bare is not None
    assert bare["stop_config"] == {}


@pytest.mark.parametrize(
    ("toml", "check", "entrypoint"),
    [("", {}, ["from-origin"]), ("", {"entrypoint": []}, None), ("", {"entrypoint": ["e"]}, ["e"]), ("[experimental]\nentrypoint = []", {"entrypoint": ["e"]}, None),
     ("[experimental]\nentrypoint = ['x']", {"entrypoint": ["e"]}, ["x"])],
)  # fmt: skip
def test_an_entrypoint_that_is_given_empty_is_none(
    toml: str, check: JsonObject, entrypoint: list[str] | None
) -> None:
    origin: JsonObject = {"image": "i", "init": {"entrypoint": ["from-origin"]}}
    config = machine_check_config(
        manifest_of(toml), {"command": ["x"], **check}, origin=origin, address=""
    ).config
    assert config is not None
    init = config["init"]
    assert isinstance(init, dict)
    assert init.get("entrypoint") == entrypoint


@pytest.mark.parametrize(
    ("check", "says"),
    [({"image": "i"}, "command"), ({"command": [], "image": "i"}, "command"), ({"command": ["x"]}, "image")],
)
def test_a_machine_check_that_cannot_run(check: JsonObject, says: str) -> None:
    made = machine_check_config(manifest_of(""), check, origin={}, address="")
    assert made.config is None
    assert says in made.findings[0].message
