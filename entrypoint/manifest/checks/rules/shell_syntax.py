"""Commands written for a shell that is not there (docs/rules/shell-syntax.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.commands import commands
from entrypoint.manifest.checks.rules.sections import finding_at
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote

ID = "shell-syntax"
SUMMARY = "A command uses shell syntax, and no shell reads it."
_OPERATORS = {"&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1"}
_VARIABLE = r"\$(?:[A-Za-z_]|\{)|\$\("
_ASSIGNMENT = r"[A-Za-z_][A-Za-z0-9_]*="
_SHELLS = {"sh", "bash", "ash", "dash", "zsh"}


def check(manifest: Manifest) -> Iterator[Finding]:
    """flyctl splits the text into words (google/shlex); the program gets && and $PORT unchanged.

    Images made by buildpacks have a launcher that is a shell: there nothing is said. An entrypoint may be one too:
    that is why this is no error.
    """
    build = manifest.table("build")
    if build.get("builder") or build.get("buildpacks") or manifest.table("experimental").get("entrypoint"):
        return
    for command in commands(manifest):
        what = _shell_word(command.words)
        if what:
            yield finding_at(
                manifest,
                command.path,
                rule=ID,
                severity=Severity.WARNING,
                message=f"this command is not run by a shell: {quote(what)} is passed to it unchanged",
                hint="Call one: sh -c '…'.",
            )


def _shell_word(words: list[str]) -> str:
    """The first word that only a shell understands."""
    if not words or words[0].rsplit("/", 1)[-1] in _SHELLS:
        return ""
    if words[0] == "cd" or re.match(_ASSIGNMENT, words[0]):
        return words[0]
    return next((word for word in words if word in _OPERATORS or re.match(_VARIABLE, word)), "")
