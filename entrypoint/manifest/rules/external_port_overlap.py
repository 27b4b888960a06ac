"""Two services on one external port (docs/rules/external-port-overlap.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import Manifest, objects
from entrypoint.manifest.rules.finding import finding_at
from entrypoint.manifest.services import http_as_service
from entrypoint.manifest.source import Node, Path

ID = "external-port-overlap"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A service's claim of external ports, for its groups."""

    protocol: str
    first: int
    last: int
    groups: tuple[GroupName, ...]
    internal: Json
    node: Node
    path: Path


def check(manifest: Manifest) -> Iterator[Finding]:
    """Fly Proxy does not know groups: it sends to any machine that has the port."""
    for one, other in combinations(_claims(manifest), 2):
        if one.protocol != other.protocol or one.last < other.first or other.last < one.first:
            continue
        if one.path[:2] == other.path[:2] and one.internal == other.internal:
            continue
        yield from _report(manifest, one, other)


def _report(manifest: Manifest, one: _Claim, other: _Claim) -> Iterator[Finding]:
    port = max(one.first, other.first)
    line = manifest.source.key_span(one.node).line
    between = sorted(set(one.groups) | set(other.groups))
    if set(one.groups) == set(other.groups) and one.internal == other.internal:
        return
    who = " and ".join(between) if len(between) > 1 else f"{between[0]}, twice"
    yield finding_at(
        manifest,
        other.node,
        other.path,
        rule=ID,
        severity=Severity.ERROR,
        message=f"external port {port}/{one.protocol} is also claimed at line {line} ({who})",
        hint="The proxy ignores groups and would send requests to both. Give one of them another port.",
    )


def _claims(manifest: Manifest) -> Iterator[_Claim]:
    for path, service in _services(manifest):
        groups = tuple(g for g in manifest.groups if manifest.matches(g, service.get("processes")))
        if not groups:
            continue
        for index, port in enumerate(objects(service.get("ports"))):
            first, last = port.get("port", port.get("start_port")), port.get("port", port.get("end_port"))
            if isinstance(first, int) and isinstance(last, int):
                where = (*path, "ports", index)
                yield _Claim(
                    protocol=str(service.get("protocol") or "tcp"),
                    first=first,
                    last=last,
                    groups=groups,
                    internal=service.get("internal_port"),
                    node=manifest.nodes.get((*where, "port"))
                    or manifest.nodes.get(where)
                    or manifest.nodes[path],
                    path=where,
                )


def _services(manifest: Manifest) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    http = manifest.values.get("http_service")
    if isinstance(http, Mapping):
        yield ("http_service",), http_as_service(http)
    for index, service in enumerate(manifest.tables("services")):
        yield ("services", index), service
