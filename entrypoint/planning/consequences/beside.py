"""The extra machines that a strategy makes for a group, and groups that get none."""

from __future__ import annotations

from collections.abc import Iterator

from entrypoint.fleet.extras import CANARY
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.consequences.said import note
from entrypoint.planning.model.steps import Swap, Update
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings


def beside(group: Reconciled, settings: Settings) -> Iterator[Finding]:
    """Of one group."""
    swaps = sum(step.swap is Swap.TAKEN_OVER for step in group.destroys)
    updates = [change for change in group.changes if isinstance(change, Update) and not change.done]
    if swaps:
        yield note(
            "bluegreen-beside",
            f"{ticked(group.group)} has {swaps} machine{'s' if swaps > 1 else ''} more while it is swapped: the new ones get requests "
            "once all of them are healthy; the old ones then end their work and go.",
        )
    elif settings.strategy is Strategy.BLUEGREEN and updates:
        yield note(
            "bluegreen-in-place",
            f"{ticked(group.group)} is updated in place, before the others are switched: what is a singleton, or runs on a schedule, must "
            "not run twice.",
        )
    if any(step.extra == CANARY and step.done is None for step in group.creates):
        yield note(
            "canary-beside",
            f"{ticked(group.group)} has one machine more until it has shown that the new version runs; it gets no requests.",
        )
    elif settings.strategy is Strategy.CANARY and updates and not any(not s.routed for s in group.creates):
        yield note(
            "no-canary",
            f"{ticked(group.group)} gets no canary: with a volume, a schedule or singleton = true there is none to make, and a run that goes on "
            "had its own.",
        )
