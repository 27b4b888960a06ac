"""How many machines of a group should be where: what to make, what is too many.

Existing groups keep what is live unless a count is declared. New groups follow flyctl's rule
(deployCreateMachinesForGroups, flyctl-deploy §1.6): a mount → 1; services → 2; otherwise 1 and a standby for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from entrypoint.fleet.marks import Slot
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.planning.observed import RunClass, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A machine to make. A standby names the place it stands by for."""

    slot: Slot
    standby_for: Slot | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A machine that goes because there are too many, and why this one."""

    seen: Seen
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a group needs beside updates."""

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
    """A group without machines. `region` is where they go unless the count names regions."""
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
    """A group that has machines: `base` is all of them. `replaced`: where those are that a replacement has taken away already.

    Standbys are not counted; they go with those they stand by for, `vanished` ones (gone already) included. In a group with
    services no machine stays a standby (flytoml spec §4.1), so there all count.
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
        Surplus(seen=seen, reason="a standby of machines that go")
        for seen in standbys
        if _primaries(seen) and _primaries(seen) <= gone
    ]
    return Target(places=tuple(_places(group, missing, reason="declared count")), surplus=tuple(surplus))


def _spread(have: Counter[Region], *, total: int, first: Region) -> dict[Region, int]:
    """A total over the regions in use: grow where there is least, shrink where there is most, the primary last."""
    wanted = Counter(have) if have else Counter({first: 0})
    while wanted.total() < total:
        wanted[min(wanted, key=lambda r: (wanted[r], r != first, r))] += 1
    while wanted.total() > total:
        wanted[max(wanted, key=lambda r: (wanted[r], r != first, r))] -= 1
    return dict(wanted)


def _least_missed(machines: Sequence[Seen], excess: int, *, protected: AbstractSet[str]) -> list[Surplus]:
    """Those that matter least, by properties that a deploy does not change: a re-run chooses the same."""

    def loss(seen: Seen) -> tuple[bool, bool, bool]:
        """It has data; another one stands by for it; it does work now."""
        return bool(seen.volumes), seen.machine.id in protected, seen.run is not RunClass.RESTING

    ranked = sorted(machines, key=lambda seen: (loss(seen), seen.machine.id))
    leaving, staying = ranked[:excess], ranked[excess:]
    return [
        Surplus(seen=seen, reason=_why(loss(seen), [loss(other) for other in staying])) for seen in leaving
    ]


def _why(loss: tuple[bool, bool, bool], others: Sequence[tuple[bool, bool, bool]]) -> str:
    """What tells it from one that stays."""
    words = ("it has no volume", "no standby stands by for it", "it rests")
    told = [word for place, word in enumerate(words) if any(other[place] > loss[place] for other in others)]
    return "; ".join(["more than the declared count", *told[:1]])


def _primaries(seen: Seen) -> set[str]:
    names = seen.machine.config.get("standbys")
    return {name for name in names if isinstance(name, str)} if isinstance(names, list | tuple) else set()


def _places(group: GroupName, wanted: Mapping[Region, int], *, reason: str) -> list[Place]:
    return [
        Place(slot=Slot(group=group, region=region, index=index), standby_for=None, reason=reason)
        for region in sorted(wanted)
        for index in range(1, wanted[region] + 1)
    ]
