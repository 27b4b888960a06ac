"""Commands without words (docs/rules/empty-command.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.commands import commands
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest

ID = "empty-command"
SUMMARY = "A command of nothing but spaces or a comment runs the image's own command."


def check(manifest: Manifest) -> Iterator[Finding]:
    """As a release command that is a whole second app, which never ends."""
    for command in commands(manifest):
        if command.words:
            continue
        is_release = command.path[0] == "deploy"
        yield finding_at(
            manifest,
            command.path,
            rule=ID,
            severity=Severity.ERROR if is_release else Severity.WARNING,
            message="this command has no words, and so the image's own command runs",
            hint="Remove release_command, or write a command." if is_release else 'Write a command, or "".',
        )
