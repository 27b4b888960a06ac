"""Machines that a strategy made beside a group: which of them are members by now, and which an interrupted deploy left over.

A canary is a member of no group. A green machine takes the place of a blue one; which of the two is left over says the switch: once every
green machine of a plan had been routed, its blue ones were marked to retire. Before that the blue ones are the group, after it the green
ones. None of this needs consent (product.md, rule 3). A machine with a volume is never left over: no strategy makes one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrypoint.fleet.extras import CANARY, extra_of, retires
from entrypoint.kernel.ids import Digest, MachineId
from entrypoint.planning.observed import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedOut:
    """The group's own machines, and what goes."""

    members: tuple[Seen, ...]
    left_over: tuple[Seen, ...]


def sort_out(seen: Sequence[Seen]) -> SortedOut:
    """What the plan being resumed made is a member: the plan has steps for it."""
    live = {s.machine.id: s for s in seen}
    switched = frozenset(_switched(seen, live))
    goes: set[MachineId] = set()
    for s in seen:
        extra = "" if s.is_new or s.volumes else extra_of(s.machine)
        blue = live.get(MachineId(extra))
        if extra == CANARY:
            goes.add(s.machine.id)
        elif blue is not None:
            goes.add(blue.machine.id if _plan(s) in switched and not blue.volumes else s.machine.id)
    return SortedOut(
        members=tuple(s for s in seen if s.machine.id not in goes),
        left_over=tuple(s for s in seen if s.machine.id in goes),
    )


def _switched(seen: Sequence[Seen], live: dict[MachineId, Seen]) -> Iterator[Digest]:
    """Plans whose blue machines were to retire, while a green one is in routing."""
    pairs = [(s, live.get(MachineId(extra_of(s.machine)))) for s in seen]
    routed = {_plan(green) for green, blue in pairs if blue is not None and not green.machine.cordoned}
    for green, blue in pairs:
        if blue is not None and retires(blue.machine) and _plan(green) in routed:
            yield _plan(green)


def _plan(seen: Seen) -> Digest:
    return seen.marks.plan if seen.marks else Digest("")
