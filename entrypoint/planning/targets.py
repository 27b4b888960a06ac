"""How many machines a group should have in each region: which to create, and which are too many.

A group that has machines keeps them, unless a count is declared. New groups follow flyctl (deployCreateMachinesForGroups): 1 machine with a
mount, 2 with services, otherwise 1 and a standby for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from entrypoint.fleet.marks import Slot
from entrypoint.kernel.ids import GroupName, MachineId, Region
from entrypoint.planning.model.mounts import standbys_of
from entrypoint.planning.observed import RunClass, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A machine to create. `standby_for`: the place of its primary, for a standby."""

    slot: Slot
    standby_for: Slot | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A machine to destroy because there are too many, and why this one."""

    seen: Seen
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which machines a group lacks, and which are too many."""

    places: tuple[Place, ...]
    surplus: tuple[Surplus, ...]


def target_new_group(
    *,
    group: GroupName,
    count: int | Mapping[Region, int] | None,
    region: Region,
    has_mount: bool,
    has_services: bool,
    is_singleton: bool,
) -> Target:
    """The target of a group without machines. `region`: where they are created, unless the count names regions."""
    reason = "new group"
    if count is not None:
        wanted = dict(count) if isinstance(count, Mapping) else {region: count}
        return Target(places=tuple(_places(group, wanted, reason="new group, declared count")), surplus=())
    first = Slot(group=group, region=region, index=1)
    second = Slot(group=group, region=region, index=2)
    places = [Place(slot=first, standby_for=None, reason=reason)]
    if not has_mount and not is_singleton:
        places.append(
            Place(slot=second, standby_for=None, reason="new group, second for availability")
            if has_services
            else Place(slot=second, standby_for=first, reason="new group, standby")
        )
    return Target(places=tuple(places), surplus=())


def target_live_group(
    *,
    group: GroupName,
    base: tuple[Seen, ...],
    count: int | Mapping[Region, int] | None,
    region: Region,
    has_services: bool = False,
    vanished: frozenset[str] = frozenset(),
    replaced: Sequence[Region] = (),
) -> Target:
    """The target of a group that has machines. `base`: all of them. `replaced`: regions of machines that a replacement has destroyed.

    Standbys are not counted. A standby is destroyed with its primaries, `vanished` ones (destroyed already) included. In a group with
    services all machines count, because a deploy removes `standbys` there (flyctl internal/appconfig/machines.go).
    """
    if count is None:
        return Target(places=(), surplus=())
    standbys = [] if has_services else [seen for seen in base if seen.is_standby]
    active = [seen for seen in base if seen not in standbys]
    have = Counter([*(seen.machine.region for seen in active), *replaced])
    wanted = dict(count) if isinstance(count, Mapping) else _spread(have, total=count, first=region)
    missing = {r: n - have[r] for r, n in wanted.items() if n > have[r]}
    protected = {primary for seen in standbys for primary in _primaries(seen)}
    surplus: list[Surplus] = []
    for where in sorted(have):
        excess = have[where] - wanted.get(where, 0)
        if excess > 0:
            inside = [seen for seen in active if seen.machine.region == where]
            surplus += _least_missed(inside, excess, protected=protected)
    gone = {item.seen.machine.id for item in surplus} | vanished
    surplus += [
        Surplus(seen=seen, reason="a standby of destroyed machines")
        for seen in standbys
        if _primaries(seen) and _primaries(seen) <= gone
    ]
    return Target(places=tuple(_places(group, missing, reason="declared count")), surplus=tuple(surplus))


def _spread(have: Counter[Region], *, total: int, first: Region) -> dict[Region, int]:
    """Spread a total over the regions in use: add where there are fewest, remove where there are most, from the primary region last."""
    wanted = Counter(have) if have else Counter({first: 0})
    while wanted.total() < total:
        wanted[min(wanted, key=lambda r: (wanted[r], r != first, r))] += 1
    while wanted.total() > total:
        wanted[max(wanted, key=lambda r: (wanted[r], r != first, r))] -= 1
    return dict(wanted)


def _least_missed(machines: Sequence[Seen], excess: int, *, protected: AbstractSet[str]) -> list[Surplus]:
    """The machines that matter least, by properties that a deploy does not change, so that a re-run chooses the same."""

    def loss(seen: Seen) -> tuple[bool, bool, bool]:
        """What would be lost: its data, its standby, its work."""
        return bool(seen.volumes), seen.machine.id in protected, seen.run is not RunClass.RESTING

    ranked = sorted(machines, key=lambda seen: (loss(seen), seen.machine.id))
    leaving, staying = ranked[:excess], ranked[excess:]
    return [
        Surplus(seen=seen, reason=_why(loss(seen), [loss(other) for other in staying])) for seen in leaving
    ]


def _why(loss: tuple[bool, bool, bool], others: Sequence[tuple[bool, bool, bool]]) -> str:
    """Why this machine, and not one that is kept."""
    words = ("it has no volume", "it has no standby", "it is stopped")
    told = [word for place, word in enumerate(words) if any(other[place] > loss[place] for other in others)]
    return "; ".join(["more than the declared count", *told[:1]])


def _primaries(seen: Seen) -> set[MachineId]:
    return set(standbys_of(seen.machine.config))


def _places(group: GroupName, wanted: Mapping[Region, int], *, reason: str) -> list[Place]:
    return [
        Place(slot=Slot(group=group, region=region, index=index), standby_for=None, reason=reason)
        for region in sorted(wanted)
        for index in range(1, wanted[region] + 1)
    ]
