"""Findings on a terminal: each with its source line and a caret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.report.escape import plain
from entrypoint.report.words import count

MOST_LINE = 160


def findings_text(findings: Sequence[Finding], *, texts: Mapping[str, str]) -> str:
    """Each finding with the line it is about, and a last line that counts them."""
    lines_of = {name: text.splitlines() for name, text in texts.items()}
    blocks = ["\n".join(_finding(finding, lines_of.get(finding.file or "", []))) for finding in findings]
    errors = sum(f.severity is Severity.ERROR for f in findings)
    warnings = sum(f.severity is Severity.WARNING for f in findings)
    total = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if findings else "no findings"
    return "\n\n".join([*blocks, total]) + "\n"


def _finding(finding: Finding, lines: Sequence[str]) -> Iterator[str]:
    span = finding.span
    place = f"{finding.file}:{span.line}:{span.column}: " if finding.file and span else ""
    yield f"{plain(place)}{' ' if place else ''}{finding.severity.value}: {plain(finding.message)} [{finding.rule}]"
    if span and span.line <= len(lines):
        text = lines[span.line - 1].expandtabs(1)
        start = max(0, span.column - 1 - MOST_LINE // 2) if len(text) > MOST_LINE else 0
        shown = "".join(ch if ch.isprintable() else " " for ch in text[start : start + MOST_LINE])
        width = span.end_column - span.column if span.end_line == span.line else len(text) - span.column + 1
        caret = " " * (span.column - 1 - start) + "^" * max(
            1, min(width, len(shown) - (span.column - 1 - start))
        )
        yield f"{span.line:5} | {shown}"
        yield f"      | {caret}"
    if finding.hint:
        yield f"        {plain(finding.hint)}"
