"""Short ways to a manifest and a config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.model import FlyctlStage, Manifest
from entrypoint.manifest.read import LocalFiles, Reading, read


class Folder(dict[str, bytes]):
    """LocalFiles in memory."""

    def read(self, path: str) -> bytes | None:
        return self.get(path)


def reading_of(toml: str, *, local: LocalFiles | None = None) -> Reading:
    return read(toml, file="fly.toml", local=local)


def manifest_of(toml: str, *, local: LocalFiles | None = None) -> Manifest:
    manifest = reading_of(toml, local=local).manifest
    assert manifest is not None
    return manifest


def config_of(
    toml: str,
    *,
    group: str = "app",
    live: Mapping[str, Any] | None = None,
    compat: Compat = Compat.FLYCTL,
    local: LocalFiles | None = None,
) -> Any:
    """A group's config; None where it cannot be made."""
    made = machine_config(manifest_of(toml, local=local), group=GroupName(group), live=live, compat=compat)
    return made.config


def rejected(toml: str) -> list[tuple[int, int, str]]:
    """Line, column and path of what flyctl cannot decode; the stage must say so."""
    reading = reading_of(toml)
    found = [f for f in reading.findings if f.rule == "wrong-type"]
    assert all(f.flyctl_rejects for f in found)
    assert (reading.stage is FlyctlStage.DECODE) is bool(found)
    return [(f.span.line, f.span.column, f.path) for f in found if f.span]
