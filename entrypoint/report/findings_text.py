"""Findings on a terminal: each with its source line and a caret."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.report.escape import plain
from entrypoint.report.excerpt import excerpt
from entrypoint.report.rule_pages import ALL_RULES
from entrypoint.report.words import count

_NAMES = r"env|args|headers|raw_value|files|machine_config"
_PRIVATE_PATH = re.compile(rf"(?:^|\.)(?:{_NAMES})\b", re.IGNORECASE)
_PRIVATE_KEY = re.compile(rf"(?:{_NAMES})[\"']?\s*[=.]", re.IGNORECASE)
_PRIVATE_WORD = re.compile(rf"{_NAMES}|\\u", re.IGNORECASE)
"""For a file that does not parse: anywhere from the section's line to the place. An escape in a name may spell any of them."""
_LONG_QUOTES = ('"""', "'''")


def findings_text(findings: Sequence[Finding], *, texts: Mapping[str, str]) -> str:
    """Each finding with the line it is about, and a last line that counts them. `texts` are the files by name."""
    lines = {name: text.split("\n") for name, text in texts.items()}
    blocks = ["\n".join(_finding(finding, lines.get(finding.file or "", []))) for finding in findings]
    return "\n\n".join([*blocks, _total(findings)]) + "\n"


def _finding(finding: Finding, lines: Sequence[str]) -> Iterator[str]:
    span = finding.span
    place = f"{plain(finding.file)}:{span.line}:{span.column}: " if finding.file and span else ""
    yield f"{place}{finding.severity.value}: {plain(finding.message)} [{plain(finding.rule)}]"
    shown = excerpt(lines, span, hidden=_is_private(finding, lines)) if span else None
    if span and shown:
        line, carets = shown
        yield f"{span.line:5} | {line}"
        yield f"      | {carets}"
    if finding.hint:
        yield f"        {plain(finding.hint)}"


def _is_private(finding: Finding, lines: Sequence[str]) -> bool:
    """Whether the line may hold the value of a variable, a file's content or a check's header."""
    if _PRIVATE_PATH.search(finding.path):
        return True
    span = finding.span
    if not span or span.line > len(lines):
        return False
    if finding.path:
        return bool(_PRIVATE_KEY.search(lines[span.line - 1]))
    above = lines[: span.line]
    first = next((i for i in range(len(above) - 1, -1, -1) if above[i].lstrip().startswith("[")), 0)
    if any(quotes in line for line in above for quotes in _LONG_QUOTES):
        first = 0  # what looks like a section's line may stand inside a value
    return any(_PRIVATE_WORD.search(line) for line in above[first:])


def _total(findings: Sequence[Finding]) -> str:
    if not findings:
        return "no findings"
    counted = Counter(finding.severity for finding in findings)
    parts = [count(counted[Severity.ERROR], "error"), count(counted[Severity.WARNING], "warning")]
    if counted[Severity.NOTICE]:
        parts.append(count(counted[Severity.NOTICE], "notice"))
    return f"{', '.join(parts)}\nWhat each [rule] means: {ALL_RULES}"
