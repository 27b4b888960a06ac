"""Is this machine healthy, broken, or not there yet? Pure: one observation in, one verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from entrypoint.fleet.managed import is_proxied, is_stopped_by_platform
from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import DEAD, SETTLED, STOPPED, TURNING
from entrypoint.planning.model.steps import Gate, GateKind


class Health(Enum):
    PASSED = auto()
    WAITING = auto()
    RESTS = auto()
    """It rests, and nothing says why: broken if that lasts. Some servers show it for a moment while they replace a machine."""
    BROKEN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The verdict, how far it got ("1/2 checks"), and for a broken machine why (ours) and what it said (foreign)."""

    health: Health
    progress: str
    why: str = ""
    said: tuple[str, ...] = ()


def read_start(machine: Machine, *, came_up: bool = False) -> Reading:
    """Has it come up? Broken as soon as it fails, ends or crashes in a loop; flyctl would wait out its whole timeout.

    `came_up`: it was seen running in this version.
    """
    if machine.state in DEAD:
        return _broken(machine, f"it is {machine.state}")
    if is_crash_looping(machine):
        return _broken(machine, "it keeps crashing")
    if machine.state == "started":
        return Reading(health=Health.PASSED, progress="started")
    if machine.state == "failed":
        return _broken(machine, "it failed to start")
    if machine.state in STOPPED:
        return _read_rest(machine, came_up=came_up)
    return Reading(health=Health.WAITING, progress=machine.state)


def _read_rest(machine: Machine, *, came_up: bool) -> Reading:
    last = machine.last_exit
    if is_stopped_by_proxy(machine, came_up=came_up):
        return Reading(health=Health.PASSED, progress=f"{machine.state} by the proxy")
    if last is None or last.requested_stop:
        said = _exit_said(machine)
        return Reading(health=Health.RESTS, progress=machine.state, why="it stopped by itself", said=said)
    if last.restarting:
        return Reading(health=Health.WAITING, progress="restarting")
    return _broken(machine, f"its process ended with code {last.exit_code}")


def read_checks(machine: Machine, gate: Gate) -> Reading:
    """Do all configured checks pass? No rows is "not yet" (machines-api §7)."""
    start = read_start(machine, came_up=True)
    if start.health is not Health.PASSED or machine.state != "started":
        return start
    passing = sum(check.status == "passing" for check in machine.checks)
    total = max(gate.checks, len(machine.checks))
    progress = f"{passing}/{total} checks"
    if passing == total and total > 0:
        return Reading(health=Health.PASSED, progress=progress)
    return Reading(health=Health.WAITING, progress=progress, said=failing_outputs(machine))


def all_reported_pass(machine: Machine) -> bool:
    """Every row there is passes, and there is at least one."""
    return bool(machine.checks) and all(check.status == "passing" for check in machine.checks)


def is_settled(machine: Machine) -> bool:
    """Between no two states any more, running or not."""
    return machine.state in SETTLED


def is_as_gated(machine: Machine, gate: Gate) -> bool:
    """Whether what the gate asked for holds now. What the platform is just starting or stopping is its own business."""
    if machine.state in TURNING and is_proxied(machine.config):
        return True
    match gate.kind:
        case GateKind.CHECKS if machine.state == "started":
            return all_reported_pass(machine)
        case GateKind.CHECKS | GateKind.BOOT:
            return read_start(machine, came_up=True).health is Health.PASSED
        case GateKind.REST:
            return is_settled(machine)
        case GateKind.GONE:
            return machine.state in DEAD


def is_crash_looping(machine: Machine) -> bool:
    """flyctl leasable_machine.go:WaitForSmokeChecksToPass: the newest exit is an unasked crash being restarted again."""
    last = machine.last_exit
    return (
        last is not None
        and last.restarting
        and not last.requested_stop
        and last.exit_code != 0
        and last.restart_count > 1
    )


def is_stopped_by_proxy(machine: Machine, *, came_up: bool = False) -> bool:
    """It came up in this version and was asked to stop, and has a service that lets the proxy do so (autostop)."""
    asked = machine.last_exit is None or machine.last_exit.requested_stop
    started = came_up or machine.last_start is not None
    return is_stopped_by_platform(machine.config) and asked and started


def failing_outputs(machine: Machine) -> tuple[str, ...]:
    """What the checks that do not pass said, shortened. Foreign text."""
    return tuple(
        f"{check.name}: {check.status}" + (f", {check.output.strip()[:200]}" if check.output.strip() else "")
        for check in machine.checks
        if check.status != "passing"
    )


def _broken(machine: Machine, why: str) -> Reading:
    return Reading(health=Health.BROKEN, progress=machine.state, why=why, said=_exit_said(machine))


def _exit_said(machine: Machine) -> tuple[str, ...]:
    last = machine.last_exit
    if last is None:
        return ()
    memory = ", out of memory" if last.oom_killed else ""
    count = f", restarted {last.restart_count} times" if last.restart_count else ""
    return (f"last exit: code {last.exit_code}{memory}{count}",)
