"""What an app costs per month, before and after the deploy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per month. `low`: all machines that may stop are stopped. `high`: all run all the time. `unknown`: the number of
    machines without a known price, which are in neither.
    """

    low: Decimal = ZERO
    high: Decimal = ZERO
    unknown: int = 0

    def __add__(self, other: Price) -> Price:
        return Price(
            low=self.low + other.low, high=self.high + other.high, unknown=self.unknown + other.unknown
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """The cost of one group, of the volumes, or of the addresses."""

    name: str
    before: Price
    after: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of the whole app. Volumes and addresses are not part of a group's cost, because they cost the same if unused."""

    since: date
    """The day since which the prices apply."""
    groups: tuple[CostRow, ...]
    volumes: CostRow
    addresses: CostRow

    @property
    def rows(self) -> tuple[CostRow, ...]:
        """Groups, volumes, addresses."""
        return (*self.groups, self.volumes, self.addresses)

    @property
    def before(self) -> Price:
        return sum((row.before for row in self.rows), Price())

    @property
    def after(self) -> Price:
        return sum((row.after for row in self.rows), Price())
