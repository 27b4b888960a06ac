"""What an app costs per month by Fly's list prices, before and after the deploy, for each group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from entrypoint.fleet.model import AddressKind, Fleet
from entrypoint.kernel.ids import GroupName, Region
from entrypoint.kernel.json import Json
from entrypoint.manifest.model import objects
from entrypoint.planning.after import After, Running
from entrypoint.planning.model.cost import ZERO, Cost, CostRow, Price
from entrypoint.planning.model.plan import Growth
from entrypoint.planning.observed import RunClass, Seen
from entrypoint.planning.prices import Prices
from entrypoint.planning.reconcile import Reconciled


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """What the price of a machine depends on."""

    config: Mapping[str, Json]
    region: Region
    runs: bool


def cost_of(
    groups: Sequence[Reconciled],
    *,
    seen: Sequence[Seen],
    fleet: Fleet,
    growths: Sequence[Growth],
    addresses: Sequence[AddressKind],
    prices: Prices,
) -> Cost:
    """The monthly cost. Machines that a strategy creates and destroys during the deploy are not counted."""
    sizes = sum(volume.size_gb for volume in fleet.volumes)
    dedicated = sum(address.kind is AddressKind.V4 for address in fleet.addresses or ())
    grown = sum(growth.size_gb - growth.was_gb for growth in growths)
    made = sum(
        step.new_volume.size_gb
        for group in groups
        for step in group.creates
        if step.new_volume is not None and step.done is None
    )
    return Cost(
        since=prices.since,
        groups=tuple(
            CostRow(
                name=group.group,
                before=_price(_before(group.group, seen), prices),
                after=_price(_after(group.after), prices),
            )
            for group in groups
        ),
        volumes=CostRow(
            name="volumes",
            before=_fixed(prices.volume(sizes)),
            after=_fixed(prices.volume(sizes + grown + made)),
        ),
        addresses=CostRow(
            name="dedicated IPv4",
            before=_fixed(prices.ipv4 * dedicated),
            after=_fixed(prices.ipv4 * (dedicated + addresses.count(AddressKind.V4))),
        ),
    )


def _before(group: GroupName, seen: Sequence[Seen]) -> Iterator[_Counted]:
    for s in seen:
        if s.group == group and not s.is_new:
            runs = s.run is RunClass.RUNNING
            yield _Counted(config=s.machine.config, region=s.machine.region, runs=runs)


def _after(machines: Iterable[After]) -> Iterator[_Counted]:
    for machine in machines:
        runs = machine.running is Running.RUNS
        yield _Counted(config=machine.config, region=machine.region, runs=runs)


def _price(machines: Iterable[_Counted], prices: Prices) -> Price:
    always: list[Decimal] = []
    sometimes: list[Decimal] = []
    kept_up = unknown = 0
    for machine in machines:
        guest = machine.config.get("guest")
        month = prices.machine(guest if isinstance(guest, Mapping) else {}, region=machine.region)
        if month is None:
            unknown += 1
        elif machine.runs:
            always.append(month)
        else:
            sometimes.append(month)
            kept_up = max(kept_up, _kept_up(machine.config))
    floor = sum(sorted(sometimes)[:kept_up], ZERO)
    running = sum(always, ZERO)
    return Price(low=running + floor, high=running + sum(sometimes, ZERO), unknown=unknown)


def _kept_up(config: Mapping[str, Json]) -> int:
    """How many machines the proxy keeps running (min_machines_running)."""
    found = (service.get("min_machines_running") for service in objects(config.get("services")))
    return max((n for n in found if isinstance(n, int) and not isinstance(n, bool)), default=0)


def _fixed(amount: Decimal) -> Price:
    return Price(low=amount, high=amount)
