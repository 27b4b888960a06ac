"""Findings to print."""

from __future__ import annotations

from entrypoint.kernel.findings import Finding, Severity, Span
from entrypoint.kernel.run import RunContext

HOSTILE = "a\n::error::x\r\n##[set-env name=A]b\x1b[31m\x9b2J\u202e`<!-- x -->`|@team %0A, :"
"""Workflow commands in both forms, terminal escapes, a direction change, Markdown, HTML, a mention."""


def finding(
    *,
    severity: Severity = Severity.WARNING,
    rule: str = "unknown-key",
    message: str = "there is no key `x`",
    hint: str = "Remove it.",
    file: str | None = "fly.toml",
    line: int = 1,
    column: int = 1,
    end_column: int = 2,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        message=message,
        hint=hint,
        file=file,
        span=Span(line=line, column=column, end_line=line, end_column=end_column),
        path="x",
    )


def run_context(**changes: object) -> RunContext:
    values: dict[str, object] = {
        **dict.fromkeys(("event", "repository", "sha", "ref", "default_branch", "run_id"), ""),
        **dict.fromkeys(("run_attempt", "run_url", "api_url", "server_url", "workspace", "temp"), ""),
        **dict.fromkeys(("action", "base_branch", "actor", "workflow"), ""),
        **dict.fromkeys(("ref_is_protected", "from_dependabot", "is_deletion"), False),
        "started_at": 0,
        "retention_days": None,
        "pull_number": None,
        "from_fork": False,
        "in_actions": False,
    }
    return RunContext(**{**values, **changes})  # type: ignore[arg-type]
