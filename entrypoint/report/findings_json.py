"""Findings and validation as JSON: schema flightplan/validate-1 (docs/validate-json.md), and SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Sequence

from entrypoint import __version__
from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.json import JsonObject
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert import machine_config
from entrypoint.manifest.read import Reading
from entrypoint.manifest.tasks import release_config

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}


def finding_json(finding: Finding) -> JsonObject:
    """One finding. Lines and columns count from 1; the end column is exclusive."""
    span = finding.span
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "message": finding.message,
        "hint": finding.hint,
        "file": finding.file,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "path": finding.path,
        "flyctl_rejects": finding.flyctl_rejects,
    }


def validation_json(reading: Reading, findings: Sequence[Finding], *, compat: Compat) -> str:
    """The validation result as one JSON object."""
    manifest = reading.manifest
    groups: JsonObject = {}
    release: JsonObject | None = None
    if manifest is not None:
        for group in manifest.groups:
            made = machine_config(manifest, group=group, live=None, compat=compat)
            groups[group] = {"machine_config": made.config}
        command = release_config(manifest, compat=compat)
        release = None if command is None else {"machine_config": command.config}
    return json.dumps(
        {
            "schema": "flightplan/validate-1",
            "app": manifest.app if manifest else None,
            "default_group": manifest.default_group if manifest else None,
            "groups": groups,
            "release": release,
            "flyctl": {"stage": reading.stage.value},
            "findings": [finding_json(finding) for finding in findings],
        },
        indent=2,
        ensure_ascii=False,
    )


def findings_sarif(findings: Sequence[Finding]) -> str:
    """SARIF 2.1.0, as code scanning takes it."""
    rules = sorted({finding.rule for finding in findings})
    return json.dumps(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                {
                    "tool": {
                        "driver": {
                            "name": "flightplan",
                            "version": __version__,
                            "rules": [{"id": r} for r in rules],
                        }
                    },
                    "results": [_result(finding) for finding in findings],
                }
            ],
        },
        indent=2,
        ensure_ascii=False,
    )


def _result(finding: Finding) -> JsonObject:
    result: JsonObject = {
        "ruleId": finding.rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.hint}".strip()},
    }
    if finding.file:
        location: JsonObject = {"artifactLocation": {"uri": finding.file}}
        if finding.span:
            location["region"] = {
                "startLine": finding.span.line,
                "startColumn": finding.span.column,
                "endLine": finding.span.end_line,
                "endColumn": finding.span.end_column,
            }
        result["locations"] = [{"physicalLocation": location}]
    return result
