"""Handlers of a port (docs/rules/port-handler.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.nearest import nearest
from entrypoint.manifest.problems import quote

ID = "port-handler"
SUMMARY = "A port names a handler that Fly Proxy does not have."
HANDLERS = ("http", "tls", "pg_tls", "proxy_proto", "edge_http")
_REMEDIES = {
    "https": 'Write handlers = ["tls", "http"].',
    "tcp": "For plain TCP leave handlers empty.",
    "ssl": 'Write handlers = ["tls"].',
    "proxy_protocol": 'Write handlers = ["proxy_proto"].',
}


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl passes any word on."""
    for service in services(manifest):
        for path, port in service.tables("ports"):
            for index, name in enumerate(strings(port.get("handlers"))):
                if name not in HANDLERS:
                    close = nearest(name, HANDLERS)
                    yield finding_at(
                        manifest,
                        (*path, "handlers", index),
                        rule=ID,
                        severity=Severity.WARNING if name == "tcp" else Severity.ERROR,
                        message=f"there is no handler {quote(name)}",
                        hint=_REMEDIES.get(name.casefold())
                        or (
                            f"Did you mean {quote(close)}?"
                            if close
                            else f"Handlers are {', '.join(HANDLERS[:4])}."
                        ),
                    )
