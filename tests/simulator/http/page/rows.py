"""What the page shows: a short row a machine, with the share of the traffic that it takes, and the requests since the last look.

Those that were not answered then come again.
"""

from __future__ import annotations

from typing import Any

from tests.simulator.http.simulator import Simulator
from tests.simulator.state.leases import find_lease
from tests.simulator.state.model import App, Machine
from tests.simulator.state.moments import is_routable
from tests.simulator.state.traffic import list_ports
from tests.simulator.state.world import World

_REQUESTS = 60
"""At most so many of the requests that came since the last look."""


def list_rows(simulator: Simulator, *, since: int) -> dict[str, Any]:
    """Everything the page needs for one look."""
    world = simulator.world
    entries = simulator.journal.entries[max(since, len(simulator.journal.entries) - _REQUESTS) :]
    unanswered = (entry.order - 1 for entry in entries if entry.answered_at is None)
    return {
        "now": world.now,
        "known": simulator.changes,
        "speed": world.speed,
        "apps": [_show_app(world, app) for app in world.apps.values()],
        "seen": next(unanswered, len(simulator.journal.entries)),
        "requests": [[e.order, e.at, e.status, e.method, e.path, e.fault or ""] for e in entries],
    }


def _show_app(world: World, app: App) -> dict[str, Any]:
    living = [machine for machine in app.machines.values() if not world.is_forgotten(machine)]
    shares = find_shares(living)
    rows = [_show_machine(world, machine, shares.get(machine.id, 0.0)) for machine in living]
    release = app.releases[-1] if app.releases else None
    return {
        "name": app.name,
        "release": f"v{release.version} {release.status}" if release else "",
        "machines": sorted(rows, key=lambda row: (row["group"], row["region"], row["id"])),
    }


def find_shares(machines: list[Machine]) -> dict[str, float]:
    """Which part of the requests each machine takes: of each external port all routable machines alike, whatever their group.

    A machine with several ports has the mean over them.
    """
    routable = {machine.id: list_ports(machine) for machine in machines if is_routable(machine)}
    takers: dict[int, int] = {}
    for ports in routable.values():
        for port in ports:
            takers[port] = takers.get(port, 0) + 1
    return {
        ident: sum(1 / takers[port] for port in ports) / len(ports)
        for ident, ports in routable.items()
        if ports
    }


def _show_machine(world: World, machine: Machine, share: float) -> dict[str, Any]:
    lease, checks = find_lease(world, machine), list(machine.checks.values())
    return {
        "id": machine.id,
        "name": machine.name,
        "group": machine.group,
        "region": machine.region,
        "state": machine.state if machine.host_status == "ok" else f"host {machine.host_status}",
        "version": machine.version,
        "image": str(machine.config.get("image", "")),
        "checks": [sum(c.status == "passing" for c in checks), len(checks)],
        "critical": any(c.status == "critical" for c in checks),
        "lease": f"{lease.owner}{f' ({lease.description})' if lease.description else ''}" if lease else "",
        "cordoned": machine.cordoned,
        "share": round(share, 4),
    }
