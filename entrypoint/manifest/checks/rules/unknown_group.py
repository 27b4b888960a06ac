"""A section for a group that does not exist (docs/rules/unknown-group.md); services and restart are flyctl's own to check."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.sections import finding_at, scoped, top_checks
from entrypoint.manifest.model import Manifest, strings
from entrypoint.manifest.problems import group_hint, quote

ID = "unknown-group"
SUMMARY = "A section names a process group that [processes] does not have."
_CONSOLE = "console"
"""`fly console` takes its size from a [[vm]] of this name (flyctl console.go)."""
_RELEASE_HINT = "The size of the release command's machine is [deploy.release_command_vm]."


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl drops the section for such a group without a message."""
    lists = [section for name in ("mounts", "metrics", "vm", "files") for section in scoped(manifest, name)]
    for section in (*lists, *top_checks(manifest)):
        for index, name in enumerate(strings(section.values.get("processes"))):
            if not name or manifest.has_group(name) or (section.path[0] == "vm" and name == _CONSOLE):
                continue
            loses = section.path[0] in ("mounts", "files")
            yield finding_at(
                manifest,
                (*section.path, "processes", index),
                rule=ID,
                severity=Severity.ERROR if loses else Severity.WARNING,
                message=f"there is no group {quote(name)}: this section is dropped for it",
                hint=_RELEASE_HINT
                if section.path[0] == "vm" and "release" in name
                else group_hint(name, manifest.groups),
            )
