"""Something a person should know or fix, and where it stands."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """`error` stops the run, `warning` surprises, `notice` informs."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class Span(NamedTuple):
    """Where in a text: lines and columns count from 1, in characters; the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Finding(NamedTuple):
    """One problem or remark.

    `rule` names docs/rules/<rule>.md. `message` says what is wrong, `hint` what to do. `path` is the key's
    place in the file (`services[0].ports[1].port`). `flyctl_rejects` tells whether flyctl itself would refuse
    the file for this. Text may quote foreign strings: whoever prints it escapes it.
    """

    rule: str
    severity: Severity
    message: str
    hint: str = ""
    file: str | None = None
    span: Span | None = None
    path: str = ""
    flyctl_rejects: bool = False


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Whether anything here stops the run."""
    return any(finding.severity is Severity.ERROR for finding in findings)
