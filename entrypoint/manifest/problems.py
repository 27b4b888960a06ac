"""Collects findings about one source, with the place where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.nearest import nearest, some
from entrypoint.manifest.source import Node, Path, Source


@dataclass(slots=True)
class Problems:
    """Findings in the order they were met."""

    source: Source
    found: list[Finding] = field(default_factory=list)

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
    """Foreign text inside a message: between backticks, on one line, cut."""
    text = " ".join(str(value).replace("`", "'").split())
    if not text:
        text = '""' if value == "" else '" "'
    return f"`{text[:most]}…`" if len(text) > most else f"`{text}`"


def group_hint(name: str, groups: Sequence[str]) -> str:
    """The group that was probably meant, or those there are."""
    close = nearest(name, groups)
    return f"Did you mean {quote(close)}?" if close else f"Groups are {some(groups)}."


def format_path(path: Path) -> str:
    """services[0].ports[1].port"""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
