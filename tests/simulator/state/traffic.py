"""The traffic probe: which machines would receive a request on a port, now and at every moment so far."""

from __future__ import annotations

from dataclasses import dataclass

from tests.simulator.state.model import App, Machine
from tests.simulator.state.moments import is_routable


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From `at` on, `machines` would receive requests."""

    at: float
    machines: tuple[str, ...]


def list_routable(app: App, *, port: int | None = None) -> list[Machine]:
    """The machines that would receive a request now, on an external port if given."""
    return [machine for machine in app.machines.values() if is_routable(machine) and _serves(machine, port)]


def list_changes(app: App, *, group: str | None = None) -> list[Change]:
    """Who would have received requests, from the beginning on, whenever that changed."""
    marks = [
        (moment.at, order, machine.id, moment.routable)
        for machine in app.machines.values()
        if group is None or machine.group == group
        for order, moment in enumerate(machine.moments)
    ]
    routable: dict[str, bool] = {}
    changes: list[Change] = []
    for at, _, ident, now_routable in sorted(marks):
        if routable.get(ident, False) == now_routable:
            continue
        routable[ident] = now_routable
        present = tuple(sorted(name for name, yes in routable.items() if yes))
        if changes and changes[-1].at == at:
            changes.pop()
        changes.append(Change(at=at, machines=present))
    return changes


def find_fewest(app: App, *, since: float, until: float, group: str | None = None) -> int:
    """The fewest machines that would have received a request at any moment between `since` and `until`."""
    count, fewest = 0, None
    for change in list_changes(app, group=group):
        if change.at > until:
            break
        if change.at > since:
            fewest = count if fewest is None else min(fewest, count)
        count = len(change.machines)
    return count if fewest is None else min(fewest, count)


def list_ports(machine: Machine) -> list[int]:
    """The external ports that its services name, each once; of a range the first stands for all."""
    ports = (
        entry.get("port", entry.get("start_port"))
        for service in machine.config.get("services") or []
        for entry in service.get("ports") or []
    )
    return sorted({port for port in ports if port is not None})


def _serves(machine: Machine, port: int | None) -> bool:
    if port is None:
        return True
    return any(
        entry.get("port") == port
        or entry.get("start_port", port + 1) <= port <= entry.get("end_port", port - 1)
        for service in machine.config.get("services") or []
        for entry in service.get("ports") or []
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """At `at` the process of `machine` ended while requests of the last seconds may still have been with it."""

    at: float
    machine: str


def list_cuts(app: App, *, since: float, within: float) -> list[Cut]:
    """Machines that stopped running less than `within` seconds after the proxy could last send them something: requests that take as
    long were lost there."""
    return [
        cut for machine in app.machines.values() for cut in _cuts(machine, within=within) if cut.at > since
    ]


def _cuts(machine: Machine, *, within: float) -> list[Cut]:
    """A moment lasts until the next; the last routable one of a run says until when requests came."""
    cuts, until = [], None
    for moment, then in zip(machine.moments, machine.moments[1:], strict=False):
        if moment.routable:
            until = then.at
        if moment.state == "started" and then.state != "started":
            if until is not None and then.at - until < within:
                cuts.append(Cut(at=then.at, machine=machine.id))
            until = None
    return cuts
