"""How a command ended: the exit code and the action's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from entrypoint.kernel.errors import ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`outputs` by their names in action.yml; one that is missing is empty."""

    exit_code: ExitCode
    outputs: Mapping[str, str]


OUTPUTS = (
    "changes",
    "plan-digest",
    "plan-path",
    "result",
    "failure-reason",
    "created",
    "updated",
    "replaced",
    "destroyed",
    "kept",
    "comment-url",
)
"""Every output, in the order of action.yml."""
