"""Helpers for the findings about a plan: make a finding, list names, name a machine's present group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.observed import Seen

MOST_NAMES = 8
"""Names in one sentence. More are counted."""


def warn(rule: str, message: str, *, hint: str = "") -> Finding:
    """A warning: something is lost, or may fail."""
    return Finding(rule=rule, severity=Severity.WARNING, message=message, hint=hint)


def note(rule: str, message: str, *, hint: str = "") -> Finding:
    """A notice: worth knowing."""
    return Finding(rule=rule, severity=Severity.NOTICE, message=message, hint=hint)


def listed(names: Sequence[str]) -> str:
    """a, b and c; of more than MOST_NAMES, the first ones and a count."""
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def quoted(names: Sequence[str]) -> str:
    """`a`, `b` and `c`."""
    return listed([ticked(name) for name in names])


def group_now(seen: Seen) -> GroupName:
    """The group whose work the machine does now. A machine that was moved to another group does the old group's until it is deployed."""
    env = seen.machine.config.get("env")
    name = env.get("FLY_PROCESS_GROUP") if isinstance(env, Mapping) else None
    return GroupName(name) if isinstance(name, str) and name else seen.group
