"""Extra machines that a strategy created: which of them belong to the group now, and which an interrupted deploy left over.

A canary never belongs to a group. A green machine replaces a blue one. The switch decides which of the two is left over: once all green
machines of a plan get requests, its blue ones are marked to retire. Before that the blue machines are the group, afterwards the green
ones. To destroy what is left over needs no consent (docs/gate.md, rule 3). A machine with a volume is never left over, because no strategy
creates one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from entrypoint.fleet.extras import CANARY, extra_of, retires
from entrypoint.kernel.ids import Digest, MachineId
from entrypoint.planning.observed import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SortedOut:
    """The machines of a group, and those that are destroyed because an interrupted deploy left them."""

    members: tuple[Seen, ...]
    left_over: tuple[Seen, ...]


def sort_out(seen: Sequence[Seen]) -> SortedOut:
    """Split machines into members and left over. New machines of the plan that is resumed are members: the plan has steps for them."""
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
    """The plans that had switched: a blue machine is marked to retire, and a green one gets requests."""
    pairs = [(s, live.get(MachineId(extra_of(s.machine)))) for s in seen]
    routed = {_plan(green) for green, blue in pairs if blue is not None and not green.machine.cordoned}
    for green, blue in pairs:
        if blue is not None and retires(blue.machine) and _plan(green) in routed:
            yield _plan(green)


def _plan(seen: Seen) -> Digest:
    return seen.marks.plan if seen.marks else Digest("")
