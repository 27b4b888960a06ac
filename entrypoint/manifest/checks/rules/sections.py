"""What every rule needs: sections with their place and their groups, and a finding at a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json
from entrypoint.manifest.convert.services import http_as_service
from entrypoint.manifest.model import Manifest, indexed, strings
from entrypoint.manifest.problems import format_path
from entrypoint.manifest.syntax.tree import Node, Path

SCOPED = ("mounts", "metrics", "restart")
"""Sections that are lists, and without `processes` are the default group's ([checks] is a table, and is so too)."""


class Section(NamedTuple):
    """A table of fly.toml, where it stands, and the groups it applies to."""

    path: Path
    values: Mapping[str, Json]
    groups: tuple[GroupName, ...]

    def tables(self, key: str) -> Iterator[tuple[Path, Mapping[str, Json]]]:
        """The tables of a list in it, with their places."""
        for index, table in indexed(self.values.get(key)):
            yield (*self.path, key, index), table


def services(manifest: Manifest) -> Iterator[Section]:
    """http_service in the form of a service, then every [[services]]."""
    http = manifest.values.get("http_service")
    if isinstance(http, Mapping):
        yield _section(manifest, ("http_service",), http_as_service(http))
    for index, service in manifest.indexed("services"):
        yield _section(manifest, ("services", index), service)


def service_checks(service: Section) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    """The checks of a service, at the place where they are written."""
    yield from service.tables("tcp_checks")
    for path, check in service.tables("http_checks"):
        yield (path if path[0] == "services" else ("http_service", "checks", path[-1])), check


def scoped(manifest: Manifest, name: str) -> Iterator[Section]:
    """The tables of a list section whose default is the default group."""
    for index, table in manifest.indexed(name):
        yield _section(manifest, (name, index), table)


def top_checks(manifest: Manifest) -> Iterator[Section]:
    """[checks.NAME]."""
    for name, check in manifest.table("checks").items():
        if isinstance(check, Mapping):
            yield _section(manifest, ("checks", name), check)


def groups_of(manifest: Manifest, processes: Json) -> tuple[GroupName, ...]:
    """The groups that `processes` names and that exist; none, and "", is the default group (Manifest.matches)."""
    named = [name or manifest.default_group for name in strings(processes)] or [manifest.default_group]
    return tuple(GroupName(name) for name in dict.fromkeys(named) if manifest.has_group(name))


def _section(manifest: Manifest, path: Path, values: Mapping[str, Json]) -> Section:
    return Section(path=path, values=values, groups=groups_of(manifest, values.get("processes")))


def node_at(manifest: Manifest, path: Path) -> Node:
    """The node at a place, or that of the nearest section above it."""
    for end in range(len(path), -1, -1):
        found = manifest.nodes.get(path[:end])
        if found is not None:
            return found
    return manifest.source.root


def line_of(manifest: Manifest, path: Path) -> int:
    """The line to name in another finding's message."""
    return manifest.source.value_span(node_at(manifest, path)).line


def written(manifest: Manifest, path: Path) -> str:
    """The value as it is spelt in the file."""
    node = manifest.nodes.get(path)
    return manifest.source.text[node.start : node.end] if node else ""


def finding_at(
    manifest: Manifest,
    path: Path,
    *,
    rule: str,
    severity: Severity,
    message: str,
    hint: str = "",
    on_key: bool = False,
    node: Node | None = None,
) -> Finding:
    """A finding at a value, or at its key."""
    source = manifest.source
    node = node or node_at(manifest, path)
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        hint=hint,
        file=source.file,
        span=source.key_span(node) if on_key else source.value_span(node),
        path=format_path(path),
    )
