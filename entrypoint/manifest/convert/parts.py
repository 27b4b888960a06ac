"""The parts that all Machine configs of an app share: those of groups, release, console and tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.durations import format_duration
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.model import DEFAULT_GROUP, Manifest
from entrypoint.manifest.problems import format_path
from entrypoint.manifest.syntax.tree import Path
from entrypoint.manifest.values import split_command

PLATFORM = "v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """The config, without an image; or None and why fly.toml cannot be converted."""

    config: JsonObject | None
    findings: tuple[Finding, ...] = ()


class Unconvertible(Exception):
    """fly.toml cannot be converted. `path`: the section with the error."""

    def __init__(self, message: str, path: Path) -> None:
        super().__init__(message)
        self.path = path

    def conversion(self, manifest: Manifest, group: GroupName | None) -> Conversion:
        """Turn Unconvertible into a Conversion with a finding."""
        return Conversion(config=None, findings=(conversion_finding(manifest, str(self), self.path, group),))


def conversion_finding(manifest: Manifest, message: str, path: Path, group: GroupName | None) -> Finding:
    """A finding for an error that flyctl reports only while deploying."""
    node = manifest.nodes.get(path)
    where = f" (group {group})" if group and manifest.groups != (DEFAULT_GROUP,) else ""
    return Finding(
        rule="conversion",
        severity=Severity.ERROR,
        message=f"{message}{where}",
        hint="flyctl notices this only while deploying.",
        file=manifest.source.file,
        span=manifest.source.value_span(node) if node else None,
        path=format_path(path),
    )


def split(command: str, path: Path) -> list[Json]:
    """The argv of a command. Raises Unconvertible."""
    try:
        return list(split_command(command))
    except ValueError as error:
        raise Unconvertible(f"command {command!r}: {error}", path) from error


def swap(manifest: Manifest) -> JsonObject:
    """init.swap_size_mb, even if it is 0."""
    return {"swap_size_mb": manifest.values["swap_size_mb"]} if "swap_size_mb" in manifest.values else {}


def base_env(manifest: Manifest, group: str) -> JsonObject:
    """[env] and the variables that flyctl adds or overwrites."""
    env: JsonObject = {**manifest.table("env"), "FLY_PROCESS_GROUP": group}
    if manifest.primary_region:
        env["PRIMARY_REGION"] = manifest.primary_region
    return env


def stop_config(values: Mapping[str, Json]) -> JsonObject:
    """From kill_timeout and kill_signal; empty without both."""
    stop: JsonObject = {}
    timeout, signal = values.get("kill_timeout"), values.get("kill_signal")
    if isinstance(timeout, int):
        stop["timeout"] = format_duration(timeout)
    if isinstance(signal, str):
        stop["signal"] = signal
    return stop


def json_object(value: Json) -> JsonObject:
    """The object, or an empty one for anything else."""
    return dict(value) if isinstance(value, Mapping) else {}
