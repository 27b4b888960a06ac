"""Cordons: whether the proxy sends requests to a machine. It runs in both cases."""

from __future__ import annotations

from tests.simulator.state.model import Machine
from tests.simulator.state.moments import note
from tests.simulator.state.refusals import not_found
from tests.simulator.state.world import World


def set_cordon(world: World, machine: Machine, *, cordoned: bool) -> None:
    """Cordon or uncordon the machine."""
    if machine.state == "destroyed":
        raise not_found("machine not found")
    if machine.cordoned != cordoned:
        machine.cordoned = cordoned
        note(world, machine)
