"""Equal values as one object, and what follows from an object worked out once.

Thousands of machines have the same few configs. Read as one object each, they take the memory of a few, and everything that is derived
from a config is derived a few times. A config is never changed in place, so nobody can tell the difference.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from entrypoint.kernel.json import spelling

T = TypeVar("T")


class Shared:
    """JSON objects, of which equal ones become one."""

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}

    def share(self, value: T) -> T:
        """The first object that was spelled as this one is: the same keys in the same order, 1 apart from True."""
        spelled = spelling(value)
        known: T = value if spelled is None else self._known.setdefault(spelled, value)
        return known


class Derived(Generic[T]):
    """What was derived from objects, known by which object it is, because a config has no hash. `more`: what else it follows from."""

    def __init__(self) -> None:
        self._known: dict[tuple[Hashable, ...], tuple[object, T]] = {}

    def of(self, source: object, *more: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned when it was first called for this object. The object is kept: no other can take its identity."""
        key = (id(source), *more)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (source, make())
        return known[1]
