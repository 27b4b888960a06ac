"""Findings about a plan, lists of names in them, and whose work a machine does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from entrypoint.kernel.findings import Finding, Severity
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.observed import Seen

MOST_NAMES = 8
"""Names that one sentence holds."""


def warn(rule: str, message: str, *, hint: str = "") -> Finding:
    """Something is lost, or may go wrong."""
    return Finding(rule=rule, severity=Severity.WARNING, message=message, hint=hint)


def note(rule: str, message: str, *, hint: str = "") -> Finding:
    """Worth knowing."""
    return Finding(rule=rule, severity=Severity.NOTICE, message=message, hint=hint)


def listed(names: Sequence[str]) -> str:
    """a, b and c; of many the first few."""
    if len(names) > MOST_NAMES:
        return f"{', '.join(names[:MOST_NAMES])} and {len(names) - MOST_NAMES} more"
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def quoted(names: Sequence[str]) -> str:
    """`a`, `b` and `c`."""
    return listed([ticked(name) for name in names])


def group_now(seen: Seen) -> GroupName:
    """Whose work the machine does today: one that was moved to another group still does that of its own until it is deployed."""
    env = seen.machine.config.get("env")
    name = env.get("FLY_PROCESS_GROUP") if isinstance(env, Mapping) else None
    return GroupName(name) if isinstance(name, str) and name else seen.group
