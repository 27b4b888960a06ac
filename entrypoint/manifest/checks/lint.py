"""Runs the rules, and sets the level of every finding as a comment on its line, or flightplan.toml, asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.kernel.findings import Finding, Severity, Span
from entrypoint.manifest.checks.rules.catalogue import RULES, SUMMARIES, unknown_rule_hint
from entrypoint.manifest.checks.suppressions import Suppression, find_suppressions
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy.model import Policy
from entrypoint.manifest.problems import quote

UNUSED = "unused-suppression"
REFUSED = "refused-suppression"
_RANK = {Severity.NOTICE: 1, Severity.WARNING: 2, Severity.ERROR: 3}


def lint(manifest: Manifest, found: Sequence[Finding], policy: Policy) -> Iterator[Finding]:
    """`found` and the findings of the rules, with their levels set; and findings for suppressions without effect."""
    findings = [*found, *(finding for rule in RULES for finding in rule(manifest))]
    suppressions = find_suppressions(manifest.source)
    yield from _at_levels(findings, suppressions, policy, manifest.source.file)
    used = {(finding.span.line, finding.rule) for finding in findings if finding.span}
    broken = any(finding.flyctl_rejects for finding in found)
    for suppression in suppressions:
        if (suppression.line, suppression.rule) in used:
            continue
        if not broken or suppression.rule not in SUMMARIES:  # in a broken file, rules may find too little
            yield from _at_level(_unused(suppression, manifest.source.file), policy)


def _at_levels(
    findings: Sequence[Finding], suppressions: Sequence[Suppression], policy: Policy, file: str
) -> Iterator[Finding]:
    by_place = {(suppression.line, suppression.rule): suppression for suppression in suppressions}
    refused: set[Span] = set()
    for finding in findings:
        comment = by_place.get((finding.span.line, finding.rule)) if finding.span else None
        if comment is None:
            yield from _at_level(finding, policy)
        elif finding.flyctl_rejects:
            yield finding
            if comment.span not in refused:
                refused.add(comment.span)
                yield refusal(finding.rule, file=file, span=comment.span)
        else:
            yield from _with_level(finding, comment.level)


def _at_level(finding: Finding, policy: Policy) -> Iterator[Finding]:
    level = policy.rules.get(finding.rule)
    if level is None:
        yield finding
    elif not finding.flyctl_rejects:
        yield from _with_level(finding, level.level)
    else:
        yield finding
        if level.level == "off" or _RANK[Severity(level.level)] < _RANK[finding.severity]:
            yield refusal(finding.rule, file=level.file, span=level.span)


def _with_level(finding: Finding, level: str) -> Iterator[Finding]:
    if level != "off":
        yield finding._replace(severity=Severity(level))


def refusal(rule: str, *, file: str, span: Span) -> Finding:
    """A suppression of a finding for which flyctl itself refuses the file."""
    return Finding(
        rule=REFUSED,
        severity=Severity.WARNING,
        message=f"{quote(rule)} cannot be turned off or down here: flyctl itself rejects the file for it",
        hint="Fix the file: a deploy with flyctl would fail, too.",
        file=file,
        span=span,
    )


def _unused(suppression: Suppression, file: str) -> Finding:
    if not suppression.rule:
        message = "this comment suppresses nothing: Flightplan cannot read it"
        hint = (
            "Write # flightplan: ignore[rule-id], with warning or notice instead of ignore to turn it down."
        )
    elif suppression.rule not in SUMMARIES:
        message, hint = f"there is no rule {quote(suppression.rule)}", unknown_rule_hint(suppression.rule)
    else:
        message = f"line {suppression.line} has no finding {quote(suppression.rule)} to suppress"
        hint = "Remove it from the comment."
    return Finding(
        rule=UNUSED,
        severity=Severity.WARNING,
        message=message,
        hint=hint,
        file=file,
        span=suppression.span,
    )
