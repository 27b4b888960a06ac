"""fly.toml, read: decoded values, groups, and the position of everything."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from entrypoint.kernel.durations import SECOND
from entrypoint.kernel.ids import AppName, GroupName, Region
from entrypoint.kernel.json import OBJECT, Json
from entrypoint.kernel.strategy import Strategy
from entrypoint.manifest.decode.decoder import UnknownKey
from entrypoint.manifest.syntax.tree import Node, Path, Source

DEFAULT_GROUP = GroupName("app")
COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""What [build.compose] without a file looks for (flyctl config.go:WellKnownComposeFilenames)."""


class FlyctlStage(StrEnum):
    """The step at which flyctl itself refuses the file."""

    TOML = "toml"
    """It does not parse."""
    DECODE = "decode"
    """A value has a wrong type."""
    VALIDATE = "validate"
    """`fly config validate` and `fly deploy` refuse it."""
    OK = "ok"


class LocalFile(NamedTuple):
    """A file that fly.toml names, as base64; None if it cannot be read."""

    path: str
    content: str | None


class DeploySettings(NamedTuple):
    """`[deploy]`. Durations in seconds; None if not set."""

    strategy: Strategy | None
    """None also for an unknown name, which the rule deploy-strategy reports."""
    max_unavailable: float | None
    wait_timeout: float | None
    release_command: str | None
    release_command_timeout: float | None


class Manifest(NamedTuple):
    """`values` is the decoded file: sections by flyctl's names after its patches, durations in nanoseconds.

    `nodes` has the node of every decoded value by path, for positions (`source.value_span(nodes[path])`).
    """

    app: AppName | None
    primary_region: Region | None
    groups: tuple[GroupName, ...]
    """In byte order; only `app` without [processes] (flyctl processgroups.go:ProcessNames)."""
    default_group: GroupName
    values: Mapping[str, Json]
    source: Source
    nodes: Mapping[Path, Node]
    unknown: tuple[UnknownKey, ...]
    respelt: tuple[tuple[Path, Node, str], ...]
    local: Mapping[str, LocalFile]
    definition: Mapping[str, Json]
    """The file as JSON, as it was written."""

    @property
    def deploy(self) -> DeploySettings:
        """`[deploy]`; all None without it."""
        found = self.table("deploy")
        mu = found.get("max_unavailable")
        return DeploySettings(
            strategy=Strategy.named(_text(found.get("strategy")) or ""),
            max_unavailable=mu if isinstance(mu, float) else None,
            wait_timeout=_seconds(found.get("wait_timeout")),
            release_command=_text(found.get("release_command")),
            release_command_timeout=_seconds(found.get("release_command_timeout")),
        )

    @property
    def build_image(self) -> str | None:
        """`[build].image`."""
        return _text(self.table("build").get("image"))

    @property
    def has_processes(self) -> bool:
        """Whether [processes] names any group."""
        return bool(self.table("processes"))

    def has_group(self, name: str) -> bool:
        """Whether there is a group of this name."""
        processes = self.table("processes")
        return name in processes if processes else name == DEFAULT_GROUP

    def table(self, name: str) -> Mapping[str, Json]:
        """A section that is a table; empty if there is none."""
        found = self.values.get(name)
        return found if isinstance(found, Mapping) else {}

    def tables(self, name: str) -> list[Mapping[str, Json]]:
        """A section that is a list of tables; empty if there is none."""
        return objects(self.values.get(name))

    def indexed(self, name: str) -> list[tuple[int, Mapping[str, Json]]]:
        """The same, each with its index in the file. Tables that could not be decoded are left out, but keep their index."""
        return indexed(self.values.get(name))

    def matches(self, group: GroupName, processes: Json) -> bool:
        """Whether a section with these `processes` applies to the group. Without any, or with "", it is the default group's (flyctl
        flattenGroupsMatch).
        """
        names = strings(processes)
        is_default = group == self.default_group
        return group in names or (is_default and (not names or "" in names))


def objects(value: Json) -> list[Mapping[str, Json]]:
    """The objects in a list; empty for anything else."""
    return [item for item in value if isinstance(item, OBJECT)] if isinstance(value, list | tuple) else []


def indexed(value: Json) -> list[tuple[int, Mapping[str, Json]]]:
    """The objects in a list and their places in it."""
    items = value if isinstance(value, list | tuple) else []
    return [(index, item) for index, item in enumerate(items) if isinstance(item, Mapping)]


def strings(value: Json) -> list[str]:
    """The strings in a list; empty for anything else."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) and value else None


def _seconds(value: Json) -> float | None:
    return value / SECOND if isinstance(value, int) and not isinstance(value, bool) else None
