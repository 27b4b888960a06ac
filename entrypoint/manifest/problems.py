"""Collects findings about one source, with their positions."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.nearest import nearest, some
from entrypoint.manifest.syntax.tree import Node, Path, Source

_MOST_QUOTED = 1_000
"""Characters of a value that are processed; far fewer are shown."""
_MOST_NAME = 200
"""Characters of a key in a finding's path."""


class Problems:
    """The findings, in the order in which they were added."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: list[Finding] = []

    def add(
        self,
        rule: str,
        message: str,
        *,
        node: Node,
        path: Path,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        flyctl_rejects: bool = False,
        on_key: bool = False,
    ) -> None:
        """Report at the node's value, or at its key."""
        self.found.append(
            Finding(
                rule=rule,
                severity=severity,
                message=message,
                hint=hint,
                file=self.source.file,
                span=self.source.key_span(node) if on_key else self.source.value_span(node),
                path=format_path(path),
                flyctl_rejects=flyctl_rejects,
            )
        )


def quote(value: object, *, most: int = 60) -> str:
    """Foreign text inside a message: between backticks, on one line, shortened."""
    text = " ".join(str(value)[:_MOST_QUOTED].replace("`", "'").split())
    if not text:
        text = '""' if value == "" else '" "'
    return f"`{text[:most]}…`" if len(text) > most else f"`{text}`"


def group_hint(name: str, groups: Sequence[str]) -> str:
    """A hint: the group that was probably meant, or the groups that exist."""
    close = nearest(name, groups)
    return f"Did you mean {quote(close)}?" if close else f"Groups are {some(groups)}."


def format_path(path: Path) -> str:
    """For example: services[0].ports[1].port. Long names are cut, because they may be repeated in many findings."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if len(part) <= _MOST_NAME else f"{part[:_MOST_NAME]}…"
            text += f".{name}" if text else name
    return text
