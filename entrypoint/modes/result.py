"""How a command ended: the exit code and the action's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from entrypoint.kernel.errors import ExitCode


class Result(NamedTuple):
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
