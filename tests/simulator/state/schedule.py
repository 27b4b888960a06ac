"""Scheduled machines: run once, rest, and are started again every hour, day, week or month."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.state.model import Machine
from tests.simulator.state.world import World

PERIODS = {"hourly": 3600.0, "daily": 86400.0, "weekly": 604800.0, "monthly": 2592000.0}


def arm(world: World, machine: Machine, boot: Callable[[World, Machine], None]) -> None:
    """From now on the scheduler knows the machine, in this version. One launched with skip_launch it never knows."""
    period = PERIODS.get(str(machine.config.get("schedule")))
    if period is None or not machine.launching:
        return
    version = machine.version

    def turn() -> None:
        if machine.version != version or machine.state in {"destroying", "destroyed"}:
            return
        if machine.state == "stopped":
            boot(world, machine)
        world.timers.at(world.now + period, f"{machine.id} schedule", turn)

    world.timers.at(world.now + period, f"{machine.id} schedule", turn)
