"""Replay caches that expire too soon (docs/rules/replay-cache.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, services
from entrypoint.manifest.model import Manifest, indexed
from entrypoint.manifest.syntax.tree import Path

ID = "replay-cache"
SUMMARY = "A replay cache is kept for less than 10 seconds, the least that Fly's documentation names."
LEAST_SECONDS = 10


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl passes any number on."""
    for service in services(manifest):
        options: list[tuple[Path, object]] = [
            ((*path, "http_options"), port.get("http_options")) for path, port in service.tables("ports")
        ]
        if service.path[0] == "http_service":
            written = manifest.table("http_service").get("http_options")
            options = [((*service.path, "http_options"), written)]
        for path, table in options:
            caches = table.get("replay_cache") if isinstance(table, Mapping) else None
            for index, cache in indexed(caches):
                ttl = cache.get("ttl_seconds")
                if isinstance(ttl, int) and ttl < LEAST_SECONDS:
                    yield finding_at(
                        manifest,
                        (*path, "replay_cache", index, "ttl_seconds"),
                        rule=ID,
                        severity=Severity.WARNING,
                        message=f"a replay cache of {ttl} s is shorter than the {LEAST_SECONDS} s that Fly keeps at least",
                        hint=f"Write {LEAST_SECONDS} or more.",
                    )
