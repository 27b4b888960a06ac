"""Standbys: machines that rest until one that they stand by for goes down by itself."""

from __future__ import annotations

from collections.abc import Callable

from tests.simulator.state.model import Machine
from tests.simulator.state.world import World


def release_standbys(world: World, gone: Machine, boot: Callable[[World, Machine], None]) -> None:
    """`gone` is down without anybody having asked: start whoever stands by for it."""
    for machine in list(world.app(gone.app).machines.values()):
        if (
            gone.id in (machine.config.get("standbys") or [])
            and machine.state == "stopped"
            and machine.lease is None
        ):
            boot(world, machine)
