"""Exit codes, and the exceptions that people see.

    ActionError            carries an exit code, a message and a hint
    ├── UsageError         2   wrong inputs: the person who wrote the workflow can fix it
    └── OutsideError       6   Fly, GitHub, a registry or the disk failed us
        (adapters add their own below OutsideError)

Problems in a file, and reasons why a plan cannot be made or run, are values (Finding, Blocked, Drift, Halted), not exceptions.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """How a run ended; `failure-reason` says the same in words."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    BLOCKED = 3
    NOT_REVIEWED = 4
    HALTED = 5
    OUTSIDE = 6
    BUG = 70

    @property
    def reason(self) -> str:
        """The `failure-reason` output: empty when all went well."""
        return _REASONS[self]


_REASONS = {
    ExitCode.DONE: "",
    ExitCode.FINDINGS: "findings",
    ExitCode.USAGE: "wrong-inputs",
    ExitCode.BLOCKED: "blocked",
    ExitCode.NOT_REVIEWED: "not-reviewed",
    ExitCode.HALTED: "rollout-halted",
    ExitCode.OUTSIDE: "outside-failed",
    ExitCode.BUG: "bug",
}


class ActionError(Exception):
    """What went wrong (`str(error)`) and what to do about it (`hint`). Never holds a secret."""

    exit_code: ExitCode = ExitCode.OUTSIDE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(ActionError):
    """An input is wrong, alone or together with another."""

    exit_code = ExitCode.USAGE


class OutsideError(ActionError):
    """Fly, GitHub, a registry or the disk failed."""

    exit_code = ExitCode.OUTSIDE
