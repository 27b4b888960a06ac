"""Findings as SARIF 2.1.0, for GitHub's code scanning."""

from __future__ import annotations

import json
from collections.abc import Sequence

from entrypoint import __version__
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import Json, JsonObject
from entrypoint.manifest.checks.rules.catalogue import PAGES
from entrypoint.report.findings.as_json import guard
from entrypoint.report.findings.rule_pages import REPOSITORY, file_url_path, page_url

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def findings_sarif(findings: Sequence[Finding]) -> str:
    """One run. Columns count characters; paths are relative to the checkout."""
    rules = {rule: index for index, rule in enumerate(sorted({finding.rule for finding in findings}))}
    driver: JsonObject = {
        "name": "Flightplan",
        "version": __version__,
        "informationUri": REPOSITORY,
        "rules": [_rule(rule) for rule in rules],
    }
    run: JsonObject = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules[finding.rule]) for finding in findings],
    }
    return guard(json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2))


def _rule(rule: str) -> Json:
    summary = PAGES.get(rule, rule)
    described: JsonObject = {"id": rule, "shortDescription": {"text": summary}}
    url = page_url(rule)
    return described | {"helpUri": url, "help": {"text": f"{summary} {url}"}} if url else described


def _result(finding: Finding, index: int) -> Json:
    result: JsonObject = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message}. {finding.hint}".strip()},
        "properties": {"path": finding.path, "flyctlRejects": finding.flyctl_rejects},
    }
    if finding.file:
        location: JsonObject = {
            "artifactLocation": {"uri": file_url_path(finding.file), "uriBaseId": "%SRCROOT%"}
        }
        if finding.span:
            location["region"] = {
                "startLine": finding.span.line,
                "startColumn": finding.span.column,
                "endLine": finding.span.end_line,
                "endColumn": finding.span.end_column,
            }
        result["locations"] = [{"physicalLocation": location}]
    return result
