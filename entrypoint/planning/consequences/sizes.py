"""Machines that the deploy makes smaller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from entrypoint.kernel.findings import Finding
from entrypoint.kernel.quoting import ticked
from entrypoint.planning.consequences.said import quoted, warn
from entrypoint.planning.model.steps import Update
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.sizes import shrinks, size_change


def smaller(group: Reconciled) -> Iterator[Finding]:
    """The size in fly.toml replaces a size that was set with `fly scale`."""
    found: dict[str, list[str]] = defaultdict(list)
    for step in group.changes:
        if isinstance(step, Update) and not step.done:
            before, after = step.machine.config.get("guest"), step.config.get("guest")
            if shrinks(before, after):
                found[size_change(before, after)].append(step.machine.id)
    for change, ids in found.items():
        yield warn(
            "size-shrinks",
            f"{quoted(ids)} of {ticked(group.group)} {'becomes' if len(ids) == 1 else 'become'} smaller: {change}.",
            hint="If the size was set by hand and is to stay, write it in `[[vm]]`.",
        )
