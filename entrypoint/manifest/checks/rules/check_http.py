"""HTTP checks that cannot be requested (docs/rules/check-http.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, service_checks, services, top_checks
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "check-http"
SUMMARY = "An HTTP check has a path, method or protocol that cannot be requested."
_METHOD = r"[A-Za-z]+"


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl sends any text."""
    checks = [found for service in services(manifest) for found in service_checks(service)]
    checks += [(section.path, section.values) for section in top_checks(manifest)]
    for path, values in checks:
        where, method, protocol = values.get("path"), values.get("method"), values.get("protocol")
        found: list[tuple[str, str, str]] = []
        if isinstance(where, str) and where and not where.startswith("/"):
            found.append(("path", f"path {quote(where)} does not begin with /", 'Write path = "/…".'))
        if isinstance(method, str) and method and not re.fullmatch(_METHOD, method):
            found.append(("method", f"there is no method {quote(method)}", 'Write method = "GET".'))
        if isinstance(protocol, str) and protocol and protocol not in ("http", "https"):
            found.append(
                ("protocol", f"there is no protocol {quote(protocol)}", "Protocols are http and https.")
            )
        for key, message, hint in found:
            yield finding_at(
                manifest, (*path, key), rule=ID, severity=Severity.WARNING, message=message, hint=hint
            )
