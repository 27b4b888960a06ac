"""Run the rules: what flyctl forgets, and what people believe wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.manifest.model import Manifest
from entrypoint.manifest.policy import Policy
from entrypoint.manifest.rules import external_port_overlap, section_group, unknown_key

Rule = Callable[[Manifest], Iterable[Finding]]

RULES: tuple[Rule, ...] = (
    unknown_key.check,
    section_group.check,
    external_port_overlap.check,
)


def check_rules(manifest: Manifest, policy: Policy) -> tuple[Finding, ...]:
    """Findings of all rules, at the levels that the policy sets."""
    found = (finding for rule in RULES for finding in rule(manifest))
    return tuple(level for finding in found if (level := _at_level(finding, policy)) is not None)


def _at_level(finding: Finding, policy: Policy) -> Finding | None:
    level = policy.rules.get(finding.rule)
    if level == "off":
        return None
    return finding if level is None else replace(finding, severity=Severity(level))
