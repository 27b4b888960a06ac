"""Findings and validation as JSON: schema flightplan/validate-1 (docs/validate-json.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.json import JsonObject
from entrypoint.kernel.run import Compat
from entrypoint.manifest.convert.group import machine_config
from entrypoint.manifest.convert.tasks import release_config
from entrypoint.manifest.read import Reading
from entrypoint.report.findings.rule_pages import page_url


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
        "help": page_url(finding.rule),
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
    result = {
        "schema": "flightplan/validate-1",
        "app": manifest.app if manifest else None,
        "default_group": manifest.default_group if manifest else None,
        "groups": groups,
        "release": release,
        "flyctl": {"stage": reading.stage.value},
        "findings": [finding_json(finding) for finding in findings],
    }
    return guard(json.dumps(result, indent=2))


def guard(text: str) -> str:
    """The same JSON, escaped so that a runner finds no command in it. To a runner ##[…] is a command anywhere in a line."""
    return text.replace("##[", "#\\u0023[")
