"""force_https where no HTTP is spoken (docs/rules/force-https-without-http.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest, strings

ID = "force-https-without-http"
SUMMARY = "force_https stands on a port that has no http handler, which the Machines API rejects."


def check(manifest: Manifest) -> Iterator[Finding]:
    """A redirect is an HTTP answer."""
    for service in services(manifest):
        for path, port in service.tables("ports"):
            if port.get("force_https") is True and "http" not in strings(port.get("handlers")):
                yield finding_at(
                    manifest,
                    (*path, "force_https"),
                    rule=ID,
                    severity=Severity.ERROR,
                    message="force_https needs the http handler on this port",
                    hint='Put it on the port with handlers = ["http"], as a rule port 80.',
                )
