"""Workflow commands: `::error file=…::…`, and text that must not become one.

The runner finds `::command::` at the start of a line, after trimming, and the old `##[command]` anywhere, on standard output and
standard error (actions/runner ActionCommand.cs). Foreign text in a log is broken up so that it is neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding, Severity

MOST_PER_KIND = 10
"""Annotations of one kind that a step can show (actions/runner ExecutionContext.cs)."""
MOST_CHARACTERS = 4000
"""A message is cut at 4,096 characters."""
_CONTROL = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_JOINER = "\u2060"
"""Invisible. It breaks a command."""


def neutral(text: str) -> str:
    """Foreign text that is harmless in a log: no workflow command, no terminal escape, no hidden direction change."""
    lines = re.sub(_CONTROL, "\ufffd", text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    return "\n".join(_break_command(line) for line in lines)


def _break_command(line: str) -> str:
    line = line.replace("##[", f"#{_JOINER}#[")
    stripped = line.lstrip()
    return (
        f"{line[: len(line) - len(stripped)]}:{_JOINER}{stripped[1:]}" if stripped.startswith("::") else line
    )


def escape_data(text: str) -> str:
    """The message part of a command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """A property's value."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def annotation_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A command for each finding, the worst first, as many as a step can show. One more command counts the rest."""
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}
    ranked = sorted(findings, key=lambda finding: order[finding.severity])
    total = Counter(finding.severity for finding in ranked)
    shown: Counter[Severity] = Counter()
    for finding in ranked:
        kind = finding.severity
        limit = MOST_PER_KIND if total[kind] <= MOST_PER_KIND else MOST_PER_KIND - 1
        if shown[kind] < limit:
            shown[kind] += 1
            yield annotation(finding)
        elif shown[kind] == limit:
            shown[kind] += 1
            yield f"::{kind.value}::{total[kind] - limit} more of this kind: the log lists all."


def complaint(message: str, *, hint: str, in_actions: bool) -> str:
    """An error that belongs to no line of a file: an annotation of the run in a workflow, plain text elsewhere."""
    text = neutral(f"{message.rstrip()}\n{hint}" if hint else message.rstrip())
    return f"::error title=Flightplan::{escape_data(text)}" if in_actions else text


def said(text: str, *, kind: Severity, in_actions: bool) -> str:
    """A sentence about the run: an annotation in a workflow, plain text elsewhere."""
    plain = neutral(text.strip())
    if in_actions:
        return f"::{kind.value} title=Flightplan::{escape_data(plain)}"
    return f"warning: {plain}" if kind is Severity.WARNING else plain


def annotation(finding: Finding) -> str:
    """One finding as a command."""
    properties = {"title": finding.rule}
    if finding.file:
        properties["file"] = finding.file.removeprefix("./")
    if finding.span:
        span = finding.span
        properties |= {"line": str(span.line), "endLine": str(span.end_line)}
        if span.line == span.end_line:
            properties |= {"col": str(span.column), "endColumn": str(span.end_column)}
    text = f"{finding.message}\n{finding.hint}" if finding.hint else finding.message
    shown = ",".join(f"{key}={escape_property(neutral(value))}" for key, value in properties.items())
    return f"::{finding.severity.value} {shown}::{escape_data(neutral(text)[:MOST_CHARACTERS])}"
