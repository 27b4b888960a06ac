"""A Machine config given whole (docs/rules/machine-config.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import Manifest, objects
from entrypoint.manifest.nearest import some
from entrypoint.manifest.problems import quote
from entrypoint.manifest.rules.sections import finding_at
from entrypoint.manifest.source import Path

ID = "machine-config"
SUMMARY = "machine_config cannot be read, names no such container, or says what fly.toml overrules."
_OVERRULED = ("metrics", "services", "checks", "env", "statics", "mounts", "stop_config", "files", "restart")
"""What flyctl replaces every time, with nothing if fly.toml has nothing (machines.go:updateMachineConfig)."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl reads it only after the build and the release command. [experimental] machine_config wins."""
    inner = manifest.table("experimental").get("machine_config")
    text = inner or manifest.values.get("machine_config")
    path: Path = ("experimental", "machine_config") if inner else ("machine_config",)
    if not isinstance(text, str) or not text:
        return
    if not text.startswith("{") and text.endswith(".json"):
        local = manifest.local.get(text)
        if local is None:
            return
        text = local.content or ""
    given = _parse(text)
    if given is None:
        message = "machine_config is neither an object in JSON nor a .json file that can be read"
        hint = "The path of a file counts from the folder that flyctl and Flightplan run in."
        yield _finding(manifest, path, Severity.ERROR, message, hint)
        return
    yield from _container(manifest, given)
    lost = [key for key in _OVERRULED if given.get(key)]
    if lost:
        message = f"{some(lost)} in machine_config never reaches a machine"
        hint = "fly.toml's own sections replace them: write them there."
        yield _finding(manifest, path, Severity.WARNING, message, hint)


def _parse(text: str) -> Mapping[str, Json] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _container(manifest: Manifest, given: Mapping[str, Json]) -> Iterator[Finding]:
    """The container that gets the image (containerconfig/parse.go)."""
    named = manifest.values.get("container")
    names = [container.get("name") for container in objects(given.get("containers"))]
    if names and named and named not in names:
        message = f"machine_config has no container {quote(named)}"
        hint = f"Containers are {some(str(name) for name in names)}."
        yield _finding(manifest, ("container",), Severity.ERROR, message, hint)


def _finding(manifest: Manifest, path: Path, severity: Severity, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
