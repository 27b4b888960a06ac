"""A section for a group that does not exist, or for no group by name (docs/rules/section-group.md)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.rules.finding import finding_at
from entrypoint.manifest.source import Path

ID = "section-group"
UNSCOPED = "section-without-processes"


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl checks services and restart itself; in the other sections it drops the section without a word."""
    for path, section in _sections(manifest):
        names = strings(section.get("processes"))
        for index, name in enumerate(names):
            if name not in manifest.groups:
                yield _unknown(manifest, name, (*path, "processes", index))
        if not names and len(manifest.groups) > 1 and path[0] in ("mounts", "checks", "metrics", "restart"):
            yield finding_at(
                manifest,
                manifest.nodes[path],
                path,
                rule=UNSCOPED,
                severity=Severity.WARNING,
                message=f"this section applies to {manifest.default_group!r} only: without processes it goes to the default group",
                hint="Say which groups: processes = [...].",
            )


def _sections(manifest: Manifest) -> Iterator[tuple[Path, Mapping[str, Json]]]:
    for name in ("mounts", "metrics", "vm", "files", "restart"):
        for index, section in enumerate(manifest.tables(name)):
            yield (name, index), section
    for name, check_ in manifest.table("checks").items():
        if isinstance(check_, Mapping):
            yield ("checks", name), check_


def _unknown(manifest: Manifest, name: str, path: Path) -> Finding:
    close = difflib.get_close_matches(name, manifest.groups, n=1)
    node = manifest.nodes.get(path) or manifest.nodes[path[:-2]]
    return finding_at(
        manifest,
        node,
        path,
        rule=ID,
        severity=Severity.WARNING if path[0] == "restart" else Severity.ERROR,
        message=f"there is no group {name!r}: flyctl drops this section for it",
        hint=f"Did you mean {close[0]}?" if close else f"Groups are {', '.join(manifest.groups)}.",
    )
