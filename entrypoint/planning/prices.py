"""Fly's list prices of one day, and what a machine, a volume and an address cost by them.

Not included, because a plan cannot know them: egress, stored root file systems of stopped machines, reservations and discounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from entrypoint.kernel.ids import Region
from entrypoint.kernel.json import Json

MONTH = 2_592_000
"""Seconds of 30 days, which is a month in Fly's price list."""
STALE_AFTER = 90
"""Days after which the plan says that the prices may have changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """US dollars. The price in a region that is not in `markup` is unknown."""

    since: date
    vcpu_second: Mapping[str, Decimal]
    """By kind of CPU. The memory of `included_gb` is in the price."""
    included_gb: Mapping[str, Decimal]
    ram_gb_second: Decimal
    markup: Mapping[Region, Decimal]
    volume_gb: Decimal
    """Per GB and month, attached or not."""
    ipv4: Decimal
    """Per month, for a dedicated address."""

    def machine(self, guest: Mapping[str, Json], *, region: Region) -> Decimal | None:
        """The price of running for a month; None if the table does not have it."""
        kind, cpus, memory = guest.get("cpu_kind"), guest.get("cpus"), guest.get("memory_mb")
        markup = self.markup.get(region)
        if (
            not isinstance(kind, str)
            or kind not in self.vcpu_second
            or markup is None
            or guest.get("gpu_kind")
        ):
            return None
        if not _is_amount(cpus) or not _is_amount(memory):
            return None
        vcpus, ram = Decimal(str(cpus)), Decimal(str(memory)) / 1024
        beyond = ram - vcpus * self.included_gb[kind]
        return (vcpus * self.vcpu_second[kind] + beyond * self.ram_gb_second) * markup * MONTH

    def volume(self, size_gb: int) -> Decimal:
        """The price of a month."""
        return self.volume_gb * size_gb


def _is_amount(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1_000_000


PRICES = Prices(
    since=date(2026, 10, 1),
    vcpu_second=MappingProxyType({"shared": Decimal("0.0000008465"), "performance": Decimal("0.000012732")}),
    included_gb=MappingProxyType({"shared": Decimal("0.25"), "performance": Decimal(2)}),
    ram_gb_second=Decimal("0.000002316"),
    markup=MappingProxyType(
        {
            Region("iad"): Decimal(1),
            Region("ewr"): Decimal(1),
            Region("ams"): Decimal("1.038461538"),
            Region("arn"): Decimal("1.038461538"),
            Region("yyz"): Decimal("1.115384615"),
            Region("lhr"): Decimal("1.134615385"),
            Region("cdg"): Decimal("1.134615385"),
            Region("fra"): Decimal("1.153846154"),
            Region("sjc"): Decimal("1.192307692"),
            Region("lax"): Decimal("1.199519231"),
            Region("ord"): Decimal("1.25"),
            Region("dfw"): Decimal("1.25"),
            Region("sin"): Decimal("1.269230769"),
            Region("syd"): Decimal("1.269230769"),
            Region("jnb"): Decimal("1.302884615"),
            Region("nrt"): Decimal("1.307692308"),
            Region("gru"): Decimal("1.615384615"),
        }
    ),
    volume_gb=Decimal("0.15"),
    ipv4=Decimal(2),
)
"""https://docs.fly.io/about/pricing, in force since 1 October 2026, read on 27 November 2026."""
