"""Replica lag: a caller without the affinity cookie reads the machines as they were `lag` seconds ago."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.simulator.http.call import Call, Endpoint
from tests.simulator.http.rendering import COOKIE
from tests.simulator.http.reply import Reply
from tests.simulator.http.wire import show_machine
from tests.simulator.state.refusals import not_found
from tests.simulator.state.world import World

_LAGGING = frozenset({"app_get", "machine_list", "machine_get", "machine_wait"})


@dataclass(slots=True)
class Replicas:
    """What each machine looked like, from when on. Nothing is kept while `lag` is 0."""

    lag: float = 0.0
    _looks: dict[str, list[tuple[float, dict[str, Any]]]] = field(default_factory=dict)

    def remember(self, world: World, ident: str) -> None:
        """The machine changed: keep how it looks now."""
        if self.lag <= 0:
            return
        for app in world.apps.values():
            machine = app.machines.get(ident)
            if machine is not None:
                look = copy.deepcopy(show_machine(world, machine))
                self._looks.setdefault(ident, []).append((world.now, look))

    def answer(self, call: Call, endpoint: Endpoint) -> Reply | None:
        """A stale answer, or None where it would not differ. Refuses what the replica does not know yet."""
        led = call.world.switches.cookie_leads and COOKIE in call.headers.get("cookie", "")
        if self.lag <= 0 or endpoint.operation not in _LAGGING or led:
            return None
        then = call.world.now - self.lag
        if call.app.created_at > then and call.app.created_at > 0:
            raise not_found("app not found")
        if endpoint.operation == "app_get":
            return None
        if endpoint.operation == "machine_list":
            looks = [self._find(machine.id, then) for machine in call.app.machines.values()]
            return Reply(body=[look for look in looks if look is not None and look["state"] != "destroyed"])
        look = self._find(call.machine.id, then)
        if look is None:
            raise not_found("machine not found")
        return Reply(body=look) if endpoint.operation == "machine_get" else None

    def _find(self, ident: str, then: float) -> dict[str, Any] | None:
        """How the machine looked at `then`. Before time 0 it looked as it did at 0."""
        known = [look for at, look in self._looks.get(ident, []) if at <= max(then, 0.0)]
        return known[-1] if known else None
