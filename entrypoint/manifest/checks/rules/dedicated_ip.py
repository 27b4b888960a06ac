"""Ports that a shared IPv4 address does not serve (docs/rules/dedicated-ip.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest, strings

ID = "dedicated-ip"
SUMMARY = "A port needs a dedicated IPv4 address, which costs money and is not given by itself."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Reported once for each file, at the first such port (flyctl deploy: DetermineIPType)."""
    for service in services(manifest):
        for path, port in service.tables("ports"):
            is_port = isinstance(port.get("port", port.get("start_port")), int)
            if (
                is_port
                and service.path[0] == "services"
                and not _is_shared(service.values.get("protocol"), port)
            ):
                yield finding_at(
                    manifest,
                    path,
                    rule=ID,
                    severity=Severity.NOTICE,
                    message="over IPv4 this port is reached only with a dedicated address",
                    hint="Allocate one: fly ips allocate-v4. A shared IPv4 serves HTTP on 80 and HTTPS on 443.",
                )
                return


def _is_shared(protocol: Json, port: Mapping[str, Json]) -> bool:
    if protocol == "udp":
        return False
    handlers = set(strings(port.get("handlers")))
    match port.get("port"):
        case 80:
            return handlers == {"http"}
        case 443:
            return handlers == {"http", "tls"}
        case _:
            return False
