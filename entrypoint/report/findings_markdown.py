"""Findings → Markdown: what a comment and a summary say when there is no plan."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.run import RunContext
from entrypoint.report.escape import code, inline, sentence
from entrypoint.report.words import count

MOST = 200
_MARKS = {Severity.ERROR: "🛑", Severity.WARNING: "⚠️", Severity.NOTICE: "ℹ️"}


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
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}
    ranked = sorted(findings, key=lambda f: order[f.severity])
    lines += [
        f"- {_MARKS[f.severity]} {_place(f)}{sentence(f.message)}. {sentence(f.hint)}".rstrip()
        for f in ranked[:MOST]
    ]
    if len(ranked) > MOST:
        lines.append(f"- … and {len(ranked) - MOST} more")
    if run.run_url:
        lines += ["", f"<sub>[run]({run.run_url})</sub>"]
    return "\n".join(lines) + "\n"


def _place(finding: Finding) -> str:
    return f"{code(f'{finding.file}:{finding.span.line}')} " if finding.file and finding.span else ""
