"""What a machine does by itself: get prepared, boot, run, exit, be restarted, rest, be removed."""

from __future__ import annotations

from tests.simulator.state.behaviours import find_behaviour
from tests.simulator.state.checks import age_checks, begin_checks
from tests.simulator.state.events import record, record_exit
from tests.simulator.state.model import Machine
from tests.simulator.state.moments import become, note
from tests.simulator.state.schedule import arm
from tests.simulator.state.standbys import release_standbys
from tests.simulator.state.volumes import unclaim
from tests.simulator.state.world import World


def prepare(world: World, machine: Machine) -> None:
    """A new machine: its host pulls the image, then it starts or rests."""
    behaviour = find_behaviour(world.behaviours, machine)
    seconds = behaviour.prepare_seconds
    if seconds is None:
        seconds = world.takes(world.timing.prepare, machine.id, "prepare")
    world.later(seconds, machine.id, lambda: _settle(world, machine))


def replace(world: World, machine: Machine) -> None:
    """A machine with a new configuration: the old version is taken down, the new one starts or rests."""
    become(world, machine, "replacing")
    seconds = world.takes(world.timing.replace, machine.id, machine.version, "replace")
    world.later(seconds, machine.id, lambda: _settle(world, machine))


def _settle(world: World, machine: Machine) -> None:
    """Prepared or replaced: start, or rest."""
    arm(world, machine, boot)
    machine.prepared = True
    if machine.launching:
        boot(world, machine)
    elif machine.state != "created" or world.switches.skip_launch_rests == "stopped":
        rest(world, machine)
    else:
        note(world, machine)


def boot(world: World, machine: Machine, *, again: bool = False) -> None:
    """Start the main process; `again` after an exit, when the host has everything at hand."""
    machine.launching = True
    machine.boots += 1
    become(world, machine, "starting")
    behaviour = find_behaviour(world.behaviours, machine)
    if behaviour.boot == "stuck":
        return
    bounds = world.timing.reboot if again else world.timing.boot
    seconds = behaviour.boot_seconds
    if seconds is None:
        seconds = world.takes(bounds, machine.id, machine.version, "boot", machine.boots)
    world.later(seconds, machine.id, lambda: _come_up(world, machine))


def _come_up(world: World, machine: Machine) -> None:
    behaviour = find_behaviour(world.behaviours, machine)
    if behaviour.boot == "failed":
        machine.launching = False
        record(world, machine, type="start", status="failed", source="flyd")
        become(world, machine, "failed")
        return
    if behaviour.boot == "launch_failed":
        machine.launching = False
        record(world, machine, type="launch", status="launch_failed", source="flyd")
        become(world, machine, "launch_failed")
        world.later(
            world.takes(world.timing.destroy, machine.id, "failed"),
            machine.id,
            lambda: vanish(world, machine),
        )
        return
    machine.secrets_version = world.app(machine.app).secrets_version
    record(world, machine, type="start", status="started", source="flyd")
    become(world, machine, "started")
    begin_checks(world, machine)
    _schedule_exit(world, machine)


def _schedule_exit(world: World, machine: Machine) -> None:
    """Let the process end by itself if its image is scripted so or it is a task."""
    behaviour = find_behaviour(world.behaviours, machine)
    if behaviour.boot in {"crash", "exit", "oom"}:
        oom = behaviour.boot == "oom"
        code = 137 if oom else behaviour.exit_code
        world.later(behaviour.exit_after, machine.id, lambda: end_process(world, machine, code=code, oom=oom))
    elif machine.config.get("auto_destroy"):
        seconds = behaviour.task_seconds
        if seconds is None:
            seconds = world.takes(world.timing.task, machine.id, "task")
        code = behaviour.task_exit_code
        world.later(seconds, machine.id, lambda: end_process(world, machine, code=code))


def end_process(world: World, machine: Machine, *, code: int, oom: bool = False) -> None:
    """The main process ended by itself; the restart policy decides what follows."""
    world.timers.forget(machine.id)
    again = _is_restarted(machine, code=code)
    if again:
        machine.restart_count += 1
    record_exit(
        world, machine, code=code, requested=False, restarting=again, oom=oom, signal=9 if oom else -1
    )
    if again:
        become(world, machine, "starting")
        world.later(
            world.takes(world.timing.restart_backoff, machine.id, machine.restart_count),
            machine.id,
            lambda: boot(world, machine, again=True),
        )
        return
    machine.launching = False
    release_standbys(world, machine, boot)
    if machine.config.get("auto_destroy"):
        destroy(world, machine, source="flyd")
    else:
        rest(world, machine)


def _is_restarted(machine: Machine, *, code: int) -> bool:
    """Restart policy: `on-failure` unless told, ten times at most."""
    policy = machine.config.get("restart") or {}
    word = policy.get("policy") or "on-failure"
    limit = policy.get("max_retries") or 10
    if machine.config.get("schedule") or word == "no":
        return False
    if word == "on-failure" and code == 0:
        return False
    return machine.restart_count < int(limit)


def resume(world: World, machine: Machine) -> None:
    """Its host answers again: what was under way when it fell silent goes on."""
    match machine.state:
        case "created":
            prepare(world, machine)
        case "replacing":
            replace(world, machine)
        case "starting" | "restarting":
            boot(world, machine, again=True)
        case "stopping":
            rest(world, machine)
        case "destroying":
            vanish(world, machine)
        case "started" if any(check.status != "passing" for check in machine.checks.values()):
            begin_checks(world, machine)


def rest(world: World, machine: Machine, *, state: str = "stopped") -> None:
    """The machine is down and stays so."""
    machine.launching = False
    machine.stopping_since = None
    age_checks(machine, now=world.now)
    machine.active_until = (
        world.now + world.takes(world.timing.still_active, machine.id, "active", machine.boots) / world.speed
    )
    become(world, machine, state)


def destroy(world: World, machine: Machine, *, source: str) -> None:
    """Take the machine away for good. Its lease ends at once."""
    world.timers.forget(machine.id)
    machine.launching = False
    machine.lease = None
    record(world, machine, type="destroy", status="destroying", source=source)
    become(world, machine, "destroying")
    if not machine.stuck:
        seconds = world.takes(world.timing.destroy, machine.id, "destroy")
        world.later(seconds, machine.id, lambda: vanish(world, machine))


def vanish(world: World, machine: Machine) -> None:
    """The machine is destroyed; its volume is let go a little later."""
    world.timers.forget(machine.id)
    machine.lease = None
    record(world, machine, type="destroy", status="destroyed", source="flyd")
    become(world, machine, "destroyed")
    unclaim(world, machine)
