"""A key that belongs to the section above it by mistake (docs/rules/misplaced-key.md)."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.checks.rules.places import header, owner_above
from entrypoint.manifest.checks.rules.sections import finding_at, line_of
from entrypoint.manifest.decode.decoder import UnknownKey
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.problems import quote
from entrypoint.manifest.syntax.tree import Node, Path

ID = "misplaced-key"
SUMMARY = "A key stands below a header that is not its own, and so belongs to that section."
_TOP_ONLY = ("primary_region", "kill_signal", "kill_timeout", "swap_size_mb", "console_command")
"""Keys that are no plausible name of a variable or group."""


def check(manifest: Manifest) -> Iterator[Finding]:
    """In TOML a key belongs to the nearest header above it, until the next one."""
    for unknown in manifest.unknown:
        owner = owner_above(unknown)
        if owner is not None:
            yield _report(manifest, unknown, owner)
    for section in ("env", "processes"):
        for key in _TOP_ONLY:
            if key in manifest.table(section):
                yield _finding(manifest, (section, key), manifest.nodes[section, key], ())


def _report(manifest: Manifest, unknown: UnknownKey, owner: Path) -> Finding:
    return _finding(manifest, unknown.path, unknown.node, owner)


def _finding(manifest: Manifest, path: Path, node: Node, owner: Path) -> Finding:
    key, here = str(path[-1]), header(path[:-1])
    line = manifest.source.key_span(node).line
    above = line_of(manifest, path[:-1])
    if owner:
        hint = f"It is a key of {header(owner)}: move it above line {above}, where {here} begins."
    elif isinstance(node.value, dict | list) and not node.inline:
        hint = f"It is a section of its own: write it as {header((key,))}."
    else:
        hint = "It is a top-level key: move it above the first header of the file."
    return finding_at(
        manifest,
        path,
        node=node,
        rule=ID,
        severity=Severity.WARNING,
        message=f"{quote(key)} at line {line} belongs to {quote(here)} here",
        hint=hint,
        on_key=True,
    )
