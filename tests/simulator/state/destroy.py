"""Destroying machines: those at rest, and with force those that run."""

from __future__ import annotations

from tests.simulator.state.lifecycle import destroy
from tests.simulator.state.model import RESTING, Machine
from tests.simulator.state.refusals import not_found, precondition
from tests.simulator.state.world import World


def destroy_machine(world: World, machine: Machine, *, force: bool, source: str = "user") -> None:
    """Destroy for good, in a while. A second destroy finds nothing."""
    if machine.state == "destroyed":
        raise not_found("machine not found")
    if machine.state == "destroying":
        return
    if machine.state not in RESTING and not force:
        raise precondition("unable to destroy machine, not currently stopped, suspended, failed or created")
    destroy(world, machine, source=source)
