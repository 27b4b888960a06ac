"""The extra machines that a strategy creates for a group, and the groups that get none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from entrypoint.fleet.extras import CANARY
from entrypoint.kernel.findings import Finding
from entrypoint.kernel.quoting import ticked
from entrypoint.kernel.strategy import Strategy
from entrypoint.planning.consequences.said import listed, note, quoted
from entrypoint.planning.model.steps import Swap, Update
from entrypoint.planning.reconcile import Reconciled
from entrypoint.planning.settings import Settings


def beside(groups: Sequence[Reconciled], settings: Settings) -> Iterator[Finding]:
    """First what several groups have in common, then what differs in a group."""
    swaps = {group.group: sum(step.swap is Swap.TAKEN_OVER for step in group.destroys) for group in groups}
    if any(swaps.values()):
        more = listed([f"{number} of {ticked(name)}" for name, number in swaps.items() if number])
        yield note(
            "bluegreen-beside",
            f"There are more machines while old ones are swapped for new ones: {more}. The new ones get requests once all of them are "
            "healthy; the old ones then finish their requests and are destroyed.",
        )
    canaries = [g.group for g in groups if any(s.extra == CANARY and s.done is None for s in g.creates)]
    if canaries:
        get = "get one extra machine each" if len(canaries) > 1 else "gets one extra machine"
        yield note(
            "canary-beside",
            f"{quoted(canaries)} {get}, which tests the new version, gets no requests, and is destroyed afterwards.",
        )
    for group in groups:
        if not swaps[group.group] and group.group not in canaries:
            yield from _otherwise(group, settings)


def _otherwise(group: Reconciled, settings: Settings) -> Iterator[Finding]:
    """Why a strategy creates no extra machine for this group."""
    if not any(isinstance(change, Update) and not change.done for change in group.changes):
        return
    if settings.strategy is Strategy.BLUEGREEN:
        yield note(
            "bluegreen-in-place",
            f"{ticked(group.group)} is updated in place, before the others are switched: a singleton, or a machine with a schedule, "
            "must not run twice.",
        )
    elif settings.strategy is Strategy.CANARY and not any(not step.routed for step in group.creates):
        yield note(
            "no-canary",
            f"{ticked(group.group)} gets no canary: it has a volume, a schedule or singleton = true, or an interrupted run has already had one.",
        )
