"""Findings → Markdown, for a comment and a summary without a plan."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.run import RunContext
from entrypoint.report.findings.rule_pages import file_url_path, page_url
from entrypoint.report.text.escape import code, inline, sentence
from entrypoint.report.text.words import capitalise, count

ROOM = 50_000
"""Characters for findings. A comment may have 65,536, including its frame."""
MOST_TEXT = 500
_MARKS = {Severity.ERROR: "🛑", Severity.WARNING: "⚠️", Severity.NOTICE: "ℹ️"}
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


def findings_markdown(findings: Sequence[Finding], *, app: str, run: RunContext, why: str = "") -> str:
    """A headline and a line for each finding, the worst first."""
    errors = sum(f.severity is Severity.ERROR for f in findings)
    name = inline(app) if app else "fly.toml"
    verdict = (
        f"cannot deploy: {count(errors, 'error')}"
        if errors
        else "the files are fine"
        if not findings
        else "no errors"
    )
    lines = [f"### {name} · {verdict}", ""]
    if why:
        lines += [f"Only the files were checked, not planned: {sentence(why)}.", ""]
    lines += _list(sorted(findings, key=lambda f: _RANK[f.severity]), run)
    if run.run_url:
        lines += ["", f"<sub>[run]({run.run_url})</sub>"]
    return "\n".join(lines) + "\n"


def _list(ranked: Sequence[Finding], run: RunContext) -> list[str]:
    """The lines of as many findings as fit, and the number of the others."""
    lines: list[str] = []
    room = ROOM
    for index, finding in enumerate(ranked):
        line = _line(finding, run)
        room -= len(line) + 1
        if room < 0:
            return [*lines, f"- … and {len(ranked) - index} more: the log lists all."]
        lines.append(line)
    return lines


def _line(finding: Finding, run: RunContext) -> str:
    url = page_url(finding.rule)
    rule = f" [`{finding.rule}`]({url})" if url else ""
    hint = f" {sentence(finding.hint[:MOST_TEXT])}" if finding.hint else ""
    return f"- {_MARKS[finding.severity]} {_place(finding, run)}{sentence(capitalise(finding.message[:MOST_TEXT]))}.{hint}{rule}"


def _place(finding: Finding, run: RunContext) -> str:
    """fly.toml:14, as a link to the line if the commit is known."""
    if not finding.file or not finding.span:
        return ""
    text = code(f"{finding.file}:{finding.span.line}")
    if not (run.server_url and run.repository and run.sha):
        return f"{text} "
    path = file_url_path(finding.file)
    return f"[{text}]({run.server_url}/{run.repository}/blob/{run.sha}/{path}#L{finding.span.line}) "
