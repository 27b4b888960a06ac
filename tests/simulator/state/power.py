"""Start, stop, restart and suspend."""

from __future__ import annotations

from tests.simulator.state.behaviours import find_behaviour
from tests.simulator.state.events import record, record_exit
from tests.simulator.state.lifecycle import boot, destroy, rest
from tests.simulator.state.model import RUNNING, Machine
from tests.simulator.state.moments import become
from tests.simulator.state.placement import check_host
from tests.simulator.state.probes import read_seconds
from tests.simulator.state.refusals import precondition
from tests.simulator.state.world import World

KILL_AFTER = 5.0
"""Seconds from the signal to the kill where nobody says otherwise."""


def start_machine(world: World, machine: Machine, *, source: str = "user") -> str:
    """Start what rests. Returns the state it was in. Refuses while it is being made, replaced or stopped."""
    before = machine.state
    if before in RUNNING and world.switches.start_started == "accept":
        return before
    if before in RUNNING:
        raise precondition("machine still active, refusing to start")
    if before == "replacing":
        raise precondition("machine getting replaced, refusing to start")
    if before not in {"stopped", "suspended", "failed"} and not (before == "created" and machine.prepared):
        raise precondition(f"unable to start machine from current state: '{before}'")
    if world.now < machine.active_until:
        raise precondition("machine still active, refusing to start")
    check_host(world, machine.id)
    if world.switches.extra_events:
        record(world, machine, type="start", status="starting", source=source)
    machine.restart_count = 0
    boot(world, machine)
    return before


def stop_machine(
    world: World, machine: Machine, *, timeout: float | None = None, source: str = "user"
) -> None:
    """Let the machine rest; one that rests already stays as it is. A suspended one loses its snapshot.

    The process ends by itself, or is killed after `timeout`, else its own `stop_config`'s, else Fly's five seconds.
    """
    if machine.state in {"stopped", "stopping"}:
        return
    if machine.state not in RUNNING | {"created", "failed", "suspended"}:
        raise precondition(f"unable to stop machine from current state: '{machine.state}'")
    was_running = machine.state == "started"
    world.timers.forget(machine.id)
    machine.launching = False
    if world.switches.extra_events:
        record(world, machine, type="stop", status="stopping", source=source)
    become(world, machine, "stopping")
    machine.stopping_since = world.now
    if machine.stuck:
        return
    seconds = find_behaviour(world.behaviours, machine).drain_seconds if was_running else None
    if seconds is None:
        seconds = world.takes(world.timing.stop, machine.id, machine.version, "stop", machine.boots)
    own = (machine.config.get("stop_config") or {}).get("timeout")
    patience = timeout or read_seconds(own, default=KILL_AFTER)
    forced = was_running and seconds > patience
    world.later(
        min(seconds, patience),
        machine.id,
        lambda: _end_stop(world, machine, was_running=was_running, forced=forced),
    )


def _end_stop(world: World, machine: Machine, *, was_running: bool, forced: bool) -> None:
    if was_running:
        code, signal = (1, 9) if forced else (0, 2)
        record_exit(world, machine, code=code, requested=True, restarting=False, signal=signal)
    if machine.config.get("auto_destroy"):
        destroy(world, machine, source="flyd")
    else:
        rest(world, machine)


def restart_machine(world: World, machine: Machine, *, source: str = "user") -> None:
    """Stop and start a running machine, in one go."""
    if machine.state != "started" or world.now < machine.active_until:
        raise precondition("machine still active, refusing to start")
    check_host(world, machine.id)
    world.timers.forget(machine.id)
    machine.launching = True
    record(world, machine, type="restart", status="restarting", source=source)
    become(world, machine, "restarting")
    seconds = world.takes(world.timing.stop, machine.id, machine.version, "restart", machine.boots)
    world.later(seconds, machine.id, lambda: _end_restart(world, machine))


def _end_restart(world: World, machine: Machine) -> None:
    record_exit(world, machine, code=0, requested=True, restarting=True, signal=2)
    boot(world, machine, again=True)


def suspend_machine(world: World, machine: Machine, *, source: str = "user") -> None:
    """Snapshot a running machine and let it rest. Refuses what cannot be snapshot."""
    if machine.state in {"suspended", "suspending"}:
        return
    if machine.state != "started":
        raise precondition(f"unable to suspend machine from current state: '{machine.state}'")
    guest = machine.config.get("guest") or {}
    if (
        guest.get("memory_mb", 256) > 2048
        or machine.config.get("init", {}).get("swap_size_mb")
        or machine.config.get("schedule")
    ):
        raise precondition("unable to suspend machine: more than 2 GB of memory, swap or a schedule")
    world.timers.forget(machine.id)
    machine.launching = False
    record(world, machine, type="suspend", status="suspending", source=source)
    become(world, machine, "suspending")
    seconds = world.takes(world.timing.suspend, machine.id, machine.version, "suspend", machine.boots)
    world.later(seconds, machine.id, lambda: rest(world, machine, state="suspended"))
