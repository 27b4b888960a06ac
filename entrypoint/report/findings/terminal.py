"""Findings for a terminal, each with its source line and a caret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.redaction import is_private_place
from entrypoint.report.findings.excerpt import excerpt
from entrypoint.report.findings.private_lines import PrivateLines
from entrypoint.report.findings.rule_pages import ALL_RULES
from entrypoint.report.text.escape import plain
from entrypoint.report.text.words import count


def findings_text(findings: Sequence[Finding], *, texts: Mapping[str, str]) -> str:
    """Each finding with its line, and a last line that counts them. `texts`: the files, by name."""
    lines = {name: PrivateLines(text.split("\n")) for name, text in texts.items()}
    unknown = PrivateLines([])
    blocks = ["\n".join(_finding(finding, lines.get(finding.file or "", unknown))) for finding in findings]
    return "\n\n".join([*blocks, _total(findings)]) + "\n"


def _finding(finding: Finding, lines: PrivateLines) -> Iterator[str]:
    span = finding.span
    place = f"{plain(finding.file)}:{span.line}:{span.column}: " if finding.file and span else ""
    yield f"{place}{finding.severity.value}: {plain(finding.message)} [{plain(finding.rule)}]"
    shown = excerpt(lines.lines, span, hidden=_is_private(finding, lines)) if span else None
    if span and shown:
        line, carets = shown
        yield f"{span.line:5} | {line}"
        yield f"      | {carets}"
    if finding.hint:
        yield f"        {plain(finding.hint)}"


def _is_private(finding: Finding, lines: PrivateLines) -> bool:
    """Whether the line may have a value that must not be printed."""
    if is_private_place(finding.path):
        return True
    if not finding.span:
        return False
    return lines.sets(finding.span.line) if finding.path else lines.may_hold(finding.span.line)


def _total(findings: Sequence[Finding]) -> str:
    if not findings:
        return "no findings"
    counted = Counter(finding.severity for finding in findings)
    parts = [count(counted[Severity.ERROR], "error"), count(counted[Severity.WARNING], "warning")]
    if counted[Severity.NOTICE]:
        parts.append(count(counted[Severity.NOTICE], "notice"))
    return f"{', '.join(parts)}\nWhat each [rule] means: {ALL_RULES}"
