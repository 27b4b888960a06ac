"""What stands above the table of a plan comment: what stops it, what to know before merging."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.escape import Md, code, sentence
from entrypoint.report.words import capitalise

MARKS = {Severity.ERROR: "🛑", Severity.WARNING: "⚠️", Severity.NOTICE: "ℹ️"}


def stops(plan: Plan, findings: Sequence[Finding], run: RunContext) -> tuple[Md, ...]:
    """Why it cannot deploy, each in a sentence with the way out."""
    return tuple(
        _note(finding, run) for finding in (*findings, *plan.blockers) if finding.severity is Severity.ERROR
    )


def notes(plan: Plan, findings: Sequence[Finding], run: RunContext) -> tuple[Md, ...]:
    """Warnings first, then what the plan itself remarks. Remarks about the files are on their lines: here they would be noise."""
    warnings = [f for f in (*plan.findings, *findings) if f.severity is Severity.WARNING]
    remarks = [f for f in plan.findings if f.severity is Severity.NOTICE]
    return tuple(_note(f, run) for f in (*warnings, *remarks))


def _note(finding: Finding, run: RunContext) -> Md:
    mark = f"{MARKS[finding.severity]} " if finding.severity is not Severity.NOTICE else ""
    hint = f" {sentence(finding.hint)}" if finding.hint else ""
    text = finding.message if finding.message.rstrip().endswith((".", "!", "?")) else f"{finding.message}."
    return Md(f"{mark}{sentence(capitalise(text))}{hint}{_place(finding, run)}")


def _place(finding: Finding, run: RunContext) -> str:
    if not finding.file or not finding.span:
        return ""
    label = code(f"{finding.file}:{finding.span.line}")
    if not run.repository or not run.sha:
        return f" {label}"
    path = "".join(
        ch if ch.isalnum() or ch in "/._-" else f"%{ord(ch):02X}" for ch in finding.file if ord(ch) < 128
    )
    return f" [{label}]({run.server_url}/{run.repository}/blob/{run.sha}/{path}#L{finding.span.line})"
