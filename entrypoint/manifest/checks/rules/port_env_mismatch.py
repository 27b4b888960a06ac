"""An app that listens on a port that no service sends to (docs/rules/port-env-mismatch.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest

ID = "port-env-mismatch"
SUMMARY = "[env] PORT is not the internal_port of the only service."


def check(manifest: Manifest) -> Iterator[Finding]:
    """Most frameworks listen on PORT. With several internal ports it is unknown which one is meant."""
    port = manifest.table("env").get("PORT")
    internal = {service.values.get("internal_port") for service in services(manifest)}
    if not isinstance(port, str) or not port.isdecimal() or len(internal) != 1:
        return
    (wanted,) = internal
    if isinstance(wanted, int) and str(wanted) != port:
        yield finding_at(
            manifest,
            ("env", "PORT"),
            rule=ID,
            severity=Severity.WARNING,
            message=f"PORT is not {wanted}, the internal port that the service sends to",
            hint="Make them equal, unless your app ignores PORT.",
        )
