"""Comments that turn a finding off or down on one line: `# flightplan: ignore[unknown-key]` (docs/rules/README.md).

The form is that of mypy and pyright. At the end of a line it applies to that line; on a line of its own, to the next line with content.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from entrypoint.kernel.findings import Span
from entrypoint.manifest.syntax.tree import Source

MARK = "flightplan:"
VERBS: Mapping[str, str] = {"ignore": "off", "warning": "warning", "notice": "notice"}
"""The word in a comment, and the level of [rules] that it stands for."""
_STRING_OR_COMMENT = (
    r'"""(?:[^\\]|\\.)*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'" r"|#[^\n]*"
)
"""Strings and comments of a text that is known to be TOML: what looks like a comment inside a string is none."""
_FORM = r"#\s*flightplan:\s*(?P<verb>[a-z]*)\s*(?:\[(?P<ids>[^\]]*)\])?"
_ATTEMPT = (
    r"#\s*flightplan:\s*(?:$|[a-z]*\s*\[|(?:ignore|warning|notice|off|disable|skip|error)\b|[a-z]+-[a-z])"
)
"""A comment that is meant as a suppression, but has another form. Anything else after the name is prose."""
_ID = r"[^,\s]+"


class Suppression(NamedTuple):
    """One rule in one comment. `rule` is empty if the comment cannot be read."""

    rule: str
    level: str
    line: int
    """The line whose findings it changes."""
    span: Span


def find_suppressions(source: Source) -> tuple[Suppression, ...]:
    """All in the file, in order."""
    if MARK not in source.text:
        return ()
    targets = _targets(source.text)
    return tuple(
        found for start, end in _comments(source.text) for found in _read(source, start, end, targets)
    )


def _comments(text: str) -> Iterator[tuple[int, int]]:
    for match in re.finditer(_STRING_OR_COMMENT, text, re.DOTALL):
        if text.startswith("#", match.start()):
            yield match.span()


def _targets(text: str) -> Sequence[int]:
    """For each line, from 0, the line (from 1) that a comment there is about."""
    lines = text.split("\n")
    targets = [0] * len(lines)
    following = len(lines) + 1
    for index in range(len(lines) - 1, -1, -1):
        line = lines[index].strip()
        if line and not line.startswith("#"):
            following = index + 1
        targets[index] = following
    return targets


def _read(source: Source, start: int, end: int, targets: Sequence[int]) -> Iterator[Suppression]:
    comment = source.text[start:end].rstrip()
    form = re.match(_FORM, comment)
    if form is None:
        return
    line = targets[source.span(start, start).line - 1]
    ids = list(re.finditer(_ID, form["ids"] or ""))
    if form["verb"] not in VERBS or not ids:
        if not re.match(_ATTEMPT, comment):
            return
        yield Suppression(rule="", level="", line=line, span=source.span(start, start + len(comment)))
        return
    offset = start + form.start("ids")
    for found in ids:
        span = source.span(offset + found.start(), offset + found.end())
        yield Suppression(rule=found.group(), level=VERBS[form["verb"]], line=line, span=span)
