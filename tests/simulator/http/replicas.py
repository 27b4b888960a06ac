"""Replica lag: a client that does not carry the affinity cookie reads what was true `lag` seconds ago."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.reply import Reply
from tests.simulator.state.refusals import not_found

COOKIE = "fly_flaps_affinity"
_STALE = frozenset({"machine_list", "machine_get"})


@dataclass(slots=True)
class Replicas:
    """`lag` 0 is no lag. What was read or written is remembered with its time, to be served again when stale."""

    lag: float = 0.0
    _seen: dict[str, list[tuple[float, Reply]]] = field(default_factory=dict)

    def answer(self, call: Call, endpoint: Endpoint) -> Reply | None:
        """A stale answer, or None where the client shall see the truth. Refuses machines the replica does not know yet."""
        if self.lag <= 0 or endpoint.operation not in _STALE or COOKIE in call.headers.get("cookie", ""):
            return None
        then = call.world.now - self.lag
        if endpoint.operation == "machine_get":
            if call.machine.created_at > then:
                raise not_found("machine not found")
            return None
        return None

    def remember(self, call: Call, endpoint: Endpoint, reply: Reply) -> None:
        """Keep what was true now."""
        return
