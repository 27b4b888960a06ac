"""What an app costs a month, before and after the deploy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars a month: `low` if all machines that may be stopped are stopped, `high` if all run all the time. `unknown` machines are
    in neither.
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
    """One group, or the volumes."""

    name: str
    before: Price
    after: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The whole app. Volumes and addresses are rows of their own: they cost the same attached or not."""

    since: date
    """Of which day the prices are."""
    groups: tuple[CostRow, ...]
    volumes: CostRow
    addresses: CostRow

    @property
    def rows(self) -> tuple[CostRow, ...]:
        """All of them."""
        return (*self.groups, self.volumes, self.addresses)

    @property
    def before(self) -> Price:
        return sum((row.before for row in self.rows), Price())

    @property
    def after(self) -> Price:
        return sum((row.after for row in self.rows), Price())
