"""Successors: machines that an earlier plan created as replacements, while the machine to replace still exists. Both count as one.

If the old machine still must be replaced, it is destroyed, and its successor is kept. If it need not be any more (the change was reverted),
the successor is destroyed, which needs consent like any other destruction.
"""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.fleet.marks import REPLACES
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.observed import Seen
from entrypoint.planning.review.record import Destroyed

IDLE = "an interrupted deploy created it to replace a machine that is kept"


def successors(base: Sequence[Seen], vanished: Sequence[Destroyed]) -> dict[MachineId, Seen]:
    """The successors, by the machine that each replaces; if there are several, the first by region and id. `vanished`: machines that the
    resumed plan has destroyed; they may have successors, too.
    """
    old = {seen.machine.id for seen in base} | {gone.id for gone in vanished if gone.replaced}
    found: dict[MachineId, Seen] = {}
    for seen in base:
        replaced = MachineId(seen.machine.metadata.get(REPLACES, ""))
        if replaced in old and replaced != seen.machine.id:
            found.setdefault(replaced, seen)
    return found
