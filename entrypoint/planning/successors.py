"""Machines that another plan's replacement made, and whose old machine is still there: the two are one member of their group.

Where the old one still cannot be updated in place, it goes and nothing is made for it once more. Where it can (the change was taken
back), it is the new one that goes, with the consent that every destruction needs.
"""

from __future__ import annotations

from collections.abc import Sequence

from entrypoint.fleet.marks import REPLACES
from entrypoint.kernel.ids import MachineId
from entrypoint.planning.observed import Seen
from entrypoint.planning.review.record import Destroyed

IDLE = "an interrupted deploy made it in place of a machine that stays"


def successors(base: Sequence[Seen], vanished: Sequence[Destroyed]) -> dict[MachineId, Seen]:
    """By the machine that each replaces; the first by region and id, if there are several. `vanished` are replaced ones, too, that the
    plan being resumed has taken away."""
    old = {seen.machine.id for seen in base} | {gone.id for gone in vanished if gone.replaced}
    found: dict[MachineId, Seen] = {}
    for seen in base:
        replaced = MachineId(seen.machine.metadata.get(REPLACES, ""))
        if replaced in old and replaced != seen.machine.id:
            found.setdefault(replaced, seen)
    return found
