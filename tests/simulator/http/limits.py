"""Fly's rate limits: per action and identifier 1 request a second, 3 at once; reading one machine 5 and 10."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulator.state.refusals import Code, Refusal

_RATE, _BURST = 1.0, 3.0
_OWN: dict[str, tuple[float, float]] = {"machine_get": (5.0, 10.0), "app_delete": (100.0 / 60.0, 100.0)}


@dataclass(slots=True)
class Limiter:
    """A bucket for each action and identifier. `enabled` False lets everything through.

    On a platform that works `speed` times as fast as Fly, clients come back as much sooner: they may ask as much more often.
    """

    enabled: bool = True
    speed: float = 1.0
    _buckets: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def take(self, action: str, identifier: str, *, now: float) -> None:
        """Spend one request. Refuses when there is none left."""
        if not self.enabled:
            return
        rate, burst = _OWN.get(action, (_RATE, _BURST))
        left, since = self._buckets.get((action, identifier), (burst, now))
        left = min(burst, left + (now - since) * rate * self.speed)
        if left < 1.0 - 1e-9:
            self._buckets[action, identifier] = (left, now)
            raise Refusal(Code.RESOURCE_EXHAUSTED, "rate limit exceeded")
        self._buckets[action, identifier] = (left - 1.0, now)
