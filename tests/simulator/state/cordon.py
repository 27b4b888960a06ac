"""Cordons: whether the proxy may know a machine. It runs on either way."""

from __future__ import annotations

from tests.simulator.state.model import Machine
from tests.simulator.state.moments import note
from tests.simulator.state.refusals import not_found
from tests.simulator.state.world import World


def set_cordon(world: World, machine: Machine, *, cordoned: bool) -> None:
    """Take the machine out of routing, or put it back."""
    if machine.state == "destroyed":
        raise not_found("machine not found")
    if machine.cordoned != cordoned:
        machine.cordoned = cordoned
        note(world, machine)
