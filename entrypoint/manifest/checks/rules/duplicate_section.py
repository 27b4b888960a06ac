"""Two sections for one group where one counts (docs/rules/duplicate-section.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, line_of, scoped
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Path

ID = "duplicate-section"
SUMMARY = "Two [[vm]], [[restart]] or [[metrics]] apply to one group, and only one of them counts."


def check(manifest: Manifest) -> Iterator[Finding]:
    """metrics: the first. restart: the last. vm: the last that names the group, or the first that names none."""
    for name, first_wins in (("metrics", True), ("restart", False), ("vm", False)):
        seen: dict[str, Path] = {}
        for section in scoped(manifest, name):
            named = strings(section.values.get("processes"))
            keys = [str(group) for group in section.groups] if named or name != "vm" else [""]
            again = next((key for key in keys if key in seen), None)
            if again is not None:
                yield _report(
                    manifest, section.path, seen[again], again, first_wins=first_wins or again == ""
                )
            for key in keys:
                seen.setdefault(key, section.path)


def _report(manifest: Manifest, path: Path, before: Path, group: str, *, first_wins: bool) -> Finding:
    line = line_of(manifest, before)
    whom = quote(group) if group else "the same groups"
    which = "that one counts, not this" if first_wins else "this one replaces it"
    return finding_at(
        manifest,
        path,
        rule=ID,
        severity=Severity.WARNING,
        message=f"the [[{path[0]}]] at line {line} is for {whom} too, and {which}",
        hint="Keep one for each group.",
    )
