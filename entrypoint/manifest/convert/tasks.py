"""Configs of machines that run one command and end: release command, console, machine check (flyctl machines.go:To…MachineConfig)."""

from __future__ import annotations

from collections.abc import Mapping

from entrypoint.kernel.json import Json, JsonObject
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.files import files_for
from entrypoint.manifest.convert.guest import guest_of
from entrypoint.manifest.convert.parts import (
    PLATFORM,
    Conversion,
    Unconvertible,
    base_env,
    json_object,
    split,
    stop_config,
    swap,
)
from entrypoint.manifest.model import Manifest


def release_config(manifest: Manifest, *, compat: Compat) -> Conversion | None:
    """The release machine's config (ToReleaseMachineConfig); None without a release_command."""
    command = manifest.deploy.release_command
    if command is None:
        return None
    try:
        return Conversion(config=_release_config(manifest, command, compat=compat))
    except Unconvertible as error:
        return error.conversion(manifest, None)


def _release_config(manifest: Manifest, command: str, *, compat: Compat) -> JsonObject:
    init: JsonObject = {
        "cmd": split(command, ("deploy", "release_command")),
        "entrypoint": manifest.table("experimental").get("entrypoint"),
    }
    config = _task_config(
        manifest, "fly_app_release_command", {**_present(init), **swap(manifest)}, {"RELEASE_COMMAND": "1"}
    )
    stop = stop_config(manifest.values)
    if stop:
        config["stop_config"] = stop
    files = files_for(manifest, None, compat=compat)
    if files:
        config["files"] = files
    compute = manifest.table("deploy").get("release_command_vm")
    if isinstance(compute, Mapping):
        try:
            config["guest"] = guest_of(compute, host_dedication=manifest.values.get("host_dedication_id"))
        except ValueError as error:
            raise Unconvertible(str(error), ("deploy", "release_command_vm")) from error
    return config


def console_config(manifest: Manifest) -> JsonObject:
    """The console machine's config (ToConsoleMachineConfig)."""
    init: JsonObject = {"exec": ["/bin/sleep", "inf"], **swap(manifest)}
    return _task_config(manifest, "fly_app_console", init, {})


def test_config(
    manifest: Manifest, check: Mapping[str, Json], *, origin: Mapping[str, Json], address: str
) -> Conversion:
    """A machine check's config (ToTestMachineConfig). `origin` is the config of the machine that is tested, at `address`."""
    image = check.get("image") or origin.get("image")
    if not check.get("command") or not image:
        missing = "a command" if not check.get("command") else "an image"
        return Unconvertible(f"a machine check needs {missing}", ("machine_checks",)).conversion(
            manifest, None
        )
    entrypoint = check.get("entrypoint", json_object(origin.get("init")).get("entrypoint"))
    entrypoint = manifest.table("experimental").get("entrypoint", entrypoint)
    init = {**_present({"cmd": check["command"], "entrypoint": entrypoint}), **swap(manifest)}
    env: JsonObject = {
        **json_object(origin.get("env")),
        "FLY_TEST_COMMAND": "1",
        "FLY_TEST_MACHINE_IP": address,
    }
    stop = {key: check[key] for key in ("kill_timeout", "kill_signal") if key in check}
    if not check.get("image"):
        stop = {**manifest.values, **stop}
    config = _task_config(manifest, "fly_app_test_machine_command", init, env)
    return Conversion(config={**config, "image": image, "stop_config": stop_config(stop)})


def _task_config(manifest: Manifest, group: str, init: JsonObject, env: Mapping[str, Json]) -> JsonObject:
    """What release, console and test machines share."""
    return {
        "init": init,
        "env": {**base_env(manifest, group), **env, "FLY_PROCESS_GROUP": group},
        "restart": {"policy": "no"},
        "auto_destroy": True,
        "dns": {"skip_registration": True},
        "metadata": {"fly_platform_version": PLATFORM, "fly_process_group": group},
    }


def _present(value: JsonObject) -> JsonObject:
    return {key: item for key, item in value.items() if item}
