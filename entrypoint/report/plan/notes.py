"""The notes above the table of a plan comment: what blocks it, and what to know before merging."""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.run import RunContext
from entrypoint.planning.model.plan import Plan
from entrypoint.report.findings.rule_pages import page_url
from entrypoint.report.plan import danger
from entrypoint.report.text.escape import Md, sentence
from entrypoint.report.text.links import to_file
from entrypoint.report.text.words import capitalise

IN_THE_IMAGE_LINE = "image-tag-moves"
"""This finding holds for every image with a tag, so it is shown in the image line, and not as a note."""
MOST_TEXT = 600
"""Characters of a sentence. Names in it may be of any length."""


def stops(plan: Plan, findings: Sequence[Finding], run: RunContext) -> tuple[Md, ...]:
    """Why it cannot deploy: a sentence for each reason, with what to do. danger.py shows what would be destroyed."""
    return tuple(
        _note(finding, run)
        for finding in (*findings, *plan.blockers)
        if finding.severity is Severity.ERROR and finding.rule not in danger.RULES
    )


def notes(plan: Plan, findings: Sequence[Finding], run: RunContext) -> tuple[Md, ...]:
    """Warnings, then notices of the plan. Notices about the files are left out, because they are shown at their lines."""
    said = [ticked(volume) for volume in danger.volumes_left(plan)]
    told = [
        f for f in plan.findings if not (f.rule == "volume-left-behind" and any(v in f.message for v in said))
    ]
    warnings = [f for f in (*told, *findings) if f.severity is Severity.WARNING]
    remarks = [f for f in told if f.severity is Severity.NOTICE and f.rule != IN_THE_IMAGE_LINE]
    return tuple(
        Md(f"{'⚠️ ' if f.severity is Severity.WARNING else ''}{_note(f, run)}") for f in (*warnings, *remarks)
    )


def tag_may_move(plan: Plan) -> bool:
    """Whether the image is given only by a tag."""
    return any(finding.rule == IN_THE_IMAGE_LINE for finding in plan.findings)


def _note(finding: Finding, run: RunContext) -> Md:
    message, hint = finding.message.rstrip()[:MOST_TEXT], finding.hint[:MOST_TEXT]
    text = message if message.endswith((".", "!", "?")) else f"{message}."
    hint = f" {sentence(hint)}" if hint else ""
    return Md(f"{sentence(capitalise(text))}{hint}{_place(finding, run)}{_page(finding)}")


def _place(finding: Finding, run: RunContext) -> str:
    if not finding.file or not finding.span:
        return ""
    return f" {to_file(finding.file, finding.span.line, run)}"


def _page(finding: Finding) -> str:
    """A link to the page that explains a warning."""
    url = page_url(finding.rule) if finding.severity is not Severity.NOTICE else None
    return f" [more]({url})" if url else ""
