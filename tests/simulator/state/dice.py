"""Seeded chance. A result depends on the seed and on its purpose, not on the order of questions: runs repeat exactly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dice:
    """All chance of one world."""

    seed: int = 0

    def bits(self, *purpose: object) -> bytes:
        """32 bytes for `purpose`."""
        return hashlib.sha256(repr((self.seed, *purpose)).encode()).digest()

    def fraction(self, *purpose: object) -> float:
        """From 0 up to, not including, 1."""
        return int.from_bytes(self.bits(*purpose)[:6], "big") / 2**48

    def between(self, bounds: tuple[float, float], *purpose: object) -> float:
        """Evenly within `bounds`."""
        low, high = bounds
        return low + (high - low) * self.fraction(*purpose)
