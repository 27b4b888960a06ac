"""The one way to change a machine's state: it notes the moment, for waits and for the traffic record."""

from __future__ import annotations

from tests.simulator.state.model import Machine, Moment
from tests.simulator.state.probes import list_probes
from tests.simulator.state.world import World


def note(world: World, machine: Machine) -> None:
    """Write down how the machine is now; wake whoever waits for it."""
    machine.moments.append(
        Moment(
            at=world.now,
            state=machine.state,
            version=machine.version,
            event_id=machine.events[0].id if machine.events else "",
            cordoned=machine.cordoned,
            routable=is_routable(machine),
        )
    )
    world.changed(machine.id)


def become(world: World, machine: Machine, state: str) -> None:
    """The machine is in `state` from now on."""
    machine.state = state
    machine.updated_at = world.now
    note(world, machine)


def is_routable(machine: Machine) -> bool:
    """Whether the proxy would send it a request: started, not cordoned, no service check failing."""
    if machine.state != "started" or machine.cordoned or machine.host_status == "unreachable":
        return False
    if not machine.config.get("services"):
        return False
    configured = count_routing_checks(machine)
    results = [check for name, check in machine.checks.items() if is_routing_check(machine, name)]
    return len(results) >= configured and all(check.status == "passing" for check in results)


def count_routing_checks(machine: Machine) -> int:
    """How many checks decide about traffic: those of services, and top-level ones of kind readiness."""
    return sum(is_routing_check(machine, probe.name) for probe in list_probes(machine.config))


def is_routing_check(machine: Machine, name: str) -> bool:
    """Whether the check called `name` decides about traffic."""
    if name.startswith("servicecheck-"):
        return True
    return bool((machine.config.get("checks") or {}).get(name, {}).get("kind") == "readiness")
