"""How much of a plan a comment shows, what is left out first if it is too long, and how that is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from entrypoint.report.text.words import count, join

T = TypeVar("T")

_ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The maximum number of each kind that is shown."""

    kept: int = _ALL
    """Machines that are not changed, in the list of machines."""
    machines: int = _ALL
    settings: int = _ALL
    costs: int = _ALL
    volumes: int = _ALL
    order: int = _ALL
    notes: int = _ALL
    idle_groups: int = _ALL
    fields: int = _ALL
    """Field changes, other than those of commands."""
    rows: int = _ALL
    created: int = _ALL
    """New machines in full. Equal ones count as one."""
    commands: int = _ALL
    destroyed: int = _ALL
    """Ids of machines that are destroyed."""
    stops: int = _ALL


FULL = Limits()
_LESS: tuple[Mapping[str, int], ...] = (
    {"kept": 0},
    {"machines": 100},
    {"machines": 0},
    {"settings": 1, "costs": 0, "volumes": 0, "idle_groups": 20},
    {"order": 20, "notes": 40},
    {"fields": 60, "order": 0},
    {"fields": 0, "notes": 15},
    {"rows": 80},
    {"rows": 20, "notes": 5, "idle_groups": 5},
    {"created": 40, "commands": 40, "rows": 10},
    {"created": 10, "commands": 10, "notes": 0},
    {"created": 0, "commands": 0, "rows": 0, "idle_groups": 0},
    {"destroyed": 200, "stops": 10},
    {"destroyed": 10, "stops": 2},
)


def rungs() -> Iterator[Limits]:
    """Limits, from everything to almost nothing. Destroyed machines, changes of commands and new groups are left out last."""
    limits = FULL
    yield limits
    for less in _LESS:
        limits = replace(limits, **less)
        yield limits


@dataclass(slots=True, kw_only=True)
class Cut:
    """What is left out: how many of each kind."""

    counted: dict[str, int] = field(default_factory=dict)

    def some(self, items: Iterable[T], most: int, noun: str) -> tuple[T, ...]:
        """The first `most` items. The others are counted."""
        every = tuple(items)
        self.add(noun, len(every) - most)
        return every[:most]

    def add(self, noun: str, number: int) -> None:
        """Count items that are left out."""
        if number > 0:
            self.counted[noun] = self.counted.get(noun, 0) + number

    def words(self) -> str:
        """For example: 12 machines and 3 field changes are not shown. Empty if everything is."""
        said = [count(number, noun) for noun, number in self.counted.items()]
        if not said:
            return ""
        is_one = len(said) == 1 and next(iter(self.counted.values())) == 1
        return f"{join(said)} {'is' if is_one else 'are'} not shown"
