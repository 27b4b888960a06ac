"""A Machine config given whole (docs/rules/machine-config.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.run import Compat
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.nearest import some
from entrypoint.manifest.syntax.tree import Path

ID = "machine-config"
SUMMARY = "machine_config cannot be read, lacks the named container, or has sections that fly.toml replaces."
_OVERRULED = ("metrics", "services", "checks", "env", "statics", "mounts", "stop_config", "files", "restart")
"""What flyctl always replaces with fly.toml's sections, even if these are empty (machines.go:updateMachineConfig)."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl reads it only after the build and the release command. [experimental] machine_config wins."""
    inner = manifest.table("experimental").get("machine_config")
    text = inner or manifest.values.get("machine_config")
    path: Path = ("experimental", "machine_config") if inner else ("machine_config",)
    if not isinstance(text, str) or not text or "compose" in manifest.table("build"):
        return
    if not text.startswith("{") and text.endswith(".json") and text not in manifest.local:
        return
    from entrypoint.manifest.convert.machine_json import given_config, merge_given  # few files need it
    from entrypoint.manifest.convert.parts import Unconvertible

    try:
        given = merge_given(given_config(manifest, compat=Compat.FLIGHTPLAN), {}, manifest=manifest)
    except Unconvertible as error:
        hint = "flyctl notices this only while deploying. A path counts from the folder that it runs in."
        yield _finding(manifest, error.path, Severity.ERROR, str(error), hint)
        return
    lost = [key for key in _OVERRULED if given.get(key)]
    if lost:
        message = f"{some(lost)} in machine_config never reaches a machine"
        hint = "fly.toml's own sections replace them: write them there."
        yield _finding(manifest, path, Severity.WARNING, message, hint)


def _finding(manifest: Manifest, path: Path, severity: Severity, message: str, hint: str) -> Finding:
    return finding_at(manifest, path, rule=ID, severity=severity, message=message, hint=hint)
