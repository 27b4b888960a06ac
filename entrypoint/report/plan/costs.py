"""Costs in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from entrypoint.planning.model.cost import Cost, CostRow, Price
from entrypoint.planning.prices import STALE_AFTER
from entrypoint.report.text.escape import Md, code
from entrypoint.report.text.words import count

_CENT = Decimal("0.01")


def delta_words(cost: Cost) -> str:
    """For example: +$2.28 a month. A range if machines may be stopped. Says so if a price is unknown. Empty if nothing changes."""
    if any(row.before.unknown != row.after.unknown for row in cost.rows):
        return "cost change unknown"
    low, high = _delta(cost.before, cost.after)
    if not low and not high:
        return ""
    return f"{_span(low, high)} a month"


def cost_words(cost: Cost) -> str:
    """Before, after and the difference. For example: $14.04 → $16.32 a month. Empty if all prices are unknown."""
    before, after = cost.before, cost.after
    unknown = max(before.unknown, after.unknown)
    if unknown and not after.high and not before.high:
        return ""
    same = _amount(before) == _amount(after)
    words = f"{_amount(after)} a month" if same else f"{_amount(before)} → {_amount(after)} a month"
    return f"{words}, and {count(unknown, 'machine')} of unknown price" if unknown else words


def cost_rows(cost: Cost) -> Iterator[tuple[Md, Md, Md, Md]]:
    """Name, before, after, difference; the last row is the sum."""
    beside = (row for row in (cost.volumes, cost.addresses) if row.before.high or row.after.high)
    total = CostRow(name="", before=cost.before, after=cost.after)
    named = [
        *((code(row.name), row) for row in cost.groups),
        *((Md(row.name), row) for row in beside),
        (Md("**total**"), total),
    ]
    for name, row in named:
        yield name, _cell(row.before), _cell(row.after), _difference(row)


def basis(cost: Cost, *, today: date) -> Md:
    """Which prices are used, and what is not included."""
    text = (
        f"Fly's list prices of {cost.since:%-d %B %Y}, 30 days, without egress, stored images of stopped machines and discounts. "
        "Where machines may be stopped, the lower figure is without them."
    )
    if (today - cost.since).days > STALE_AFTER:
        text += f" These prices are more than {STALE_AFTER} days old: they may have changed."
    return Md(text)


def _delta(before: Price, after: Price) -> tuple[Decimal, Decimal]:
    """The difference, as a range. One figure if both ends differ only by rounding."""
    low, high = _round(after.low - before.low), _round(after.high - before.high)
    return (high, high) if abs(low - high) <= _CENT else (low, high)


def _difference(row: CostRow) -> Md:
    if row.before.unknown or row.after.unknown:
        return Md("unknown")
    low, high = _delta(row.before, row.after)
    return Md(f"{_span(low, high)}{_share(row.before, low, high)}" if low or high else "–")


def _share(before: Price, low: Decimal, high: Decimal) -> str:
    """The difference in percent, if it is a single figure and not 0 or 100."""
    if low != high or before.low != before.high or not before.high:
        return ""
    percent = round(high / before.high * 100)
    return f" ({'−' if percent < 0 else '+'}{abs(percent):,} %)" if percent not in (0, -100) else ""


def _span(low: Decimal, high: Decimal) -> str:
    """A difference, or the two ends of its range."""
    if low == high:
        return _signed(high)
    if not low or not high:
        return f"up to {_signed(low or high)}"
    return f"{_signed(min(low, high))} to {_signed(max(low, high))}"


def _cell(price: Price) -> Md:
    if price.unknown:
        return Md(f"{_amount(price)} + unknown" if price.high else "unknown")
    return Md(_amount(price) if price.high else "–")


def _amount(price: Price) -> str:
    low, high = _round(price.low), _round(price.high)
    return f"${high:,}" if low == high else f"${low:,} to ${high:,}"


def _signed(amount: Decimal) -> str:
    return f"{'−' if amount < 0 else '+'}${abs(amount):,}"


def _round(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT)
