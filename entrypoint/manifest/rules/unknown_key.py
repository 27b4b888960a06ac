"""A key that flyctl drops without a word (docs/rules/unknown-key.md)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.decode import UnknownKey
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.rules.finding import finding_at
from entrypoint.manifest.schema import CONFIG

ID = "unknown-key"
REMEDIES = {
    "autostop": "auto_stop_machines",
    "autostart": "auto_start_machines",
    "max_retries": "retries",
    "docker_build_target": "build-target",
    "soft": "soft_limit",
    "hard": "hard_limit",
}
"""What people write, and the key that does it."""
PHANTOMS = {
    "max_machines_running": "No such key exists: nothing caps machines but their number. Set a count in flightplan.toml.",
    "min_machines": "Write min_machines_running.",
    "max_machines": "No such key exists: set a count in flightplan.toml.",
}
PLACES = {
    ("service", "checks"): "Write [[services.http_checks]] or [[services.tcp_checks]].",
    ("http_service", "http_checks"): "Write [[http_service.checks]].",
    ("http_service", "tcp_checks"): "http_service has HTTP checks only: [[http_service.checks]].",
    ("http_service", "ports"): "http_service always has ports 80 and 443; for others write [[services]].",
    ("deploy", "processes"): "A release command belongs to no group.",
    ("static", "processes"): "Statics go to every group.",
}
_MIGRATED = {"kill_timeout", "metrics_port", "metrics_path"}
"""Keys of [experimental] that flyctl moves elsewhere."""
_LEGACY = {"script_checks", "restart_limit", "name"}
"""Keys of old files that flyctl ignores without harm."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """Every unknown key, with the one it was probably meant to be."""
    for unknown in manifest.unknown:
        key = str(unknown.path[-1])
        if unknown.section == "experimental" and key in _MIGRATED:
            continue
        if key in _LEGACY and unknown.section in ("check", "http check", "tcp check", "service"):
            continue
        yield finding_at(
            manifest,
            unknown.node,
            unknown.path,
            rule=ID,
            severity=Severity.WARNING,
            message=f"flyctl ignores {key!r}: there is no such key in {unknown.section}",
            hint=_hint(unknown, key),
            on_key=True,
        )
    for path, node, name in manifest.respelt:
        yield finding_at(
            manifest,
            node,
            path,
            rule="key-case",
            severity=Severity.WARNING,
            message=f"{path[-1]!r} is spelt {name!r}",
            hint="flyctl takes it, but its migrations do not see it.",
            on_key=True,
        )


def _hint(unknown: UnknownKey, key: str) -> str:
    if key in PHANTOMS:
        return PHANTOMS[key]
    if (unknown.section, key) in PLACES:
        return PLACES[unknown.section, key]
    remedy = REMEDIES.get(key)
    close = [remedy] if remedy in unknown.known else difflib.get_close_matches(key, unknown.known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    if len(unknown.path) > 1 and key in CONFIG.fields:
        return f"{key} is a top-level key; here it belongs to [{unknown.path[0]}]. Move it above the first [header]."
    return ""
