"""Is this machine healthy, broken, or not there yet? Pure: one observation in, one verdict out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from entrypoint.fleet.model import Machine
from entrypoint.planning.model import Gate, GateKind

RESTING = frozenset({"stopped", "suspended", "created"})
DEAD = frozenset({"destroyed", "destroying", "launch_failed"})


class Health(Enum):
    PASSED = auto()
    WAITING = auto()
    BROKEN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The verdict, how far it got ("1/2 checks"), and for a broken machine why (ours) and what it said (foreign)."""

    health: Health
    progress: str
    why: str = ""
    said: tuple[str, ...] = ()


def read_start(machine: Machine) -> Reading:
    """Has it come up? Broken as soon as it rests, fails or crashes in a loop; flyctl would wait out its whole timeout."""
    if machine.state in DEAD:
        return _broken(machine, f"it is {machine.state}")
    if is_crash_looping(machine):
        return _broken(machine, "it keeps crashing")
    if machine.state == "started":
        return Reading(health=Health.PASSED, progress="started")
    if machine.state == "failed":
        return _broken(machine, "it failed to start")
    if machine.state in ("stopped", "suspended"):
        last = machine.last_exit
        if is_stopped_by_proxy(machine):
            return Reading(health=Health.PASSED, progress=f"{machine.state} by the proxy")
        if last is not None and last.restarting and not last.requested_stop:
            return Reading(health=Health.WAITING, progress="restarting")
        return _broken(
            machine,
            "it stopped by itself" if last is None else f"its process ended with code {last.exit_code}",
        )
    return Reading(health=Health.WAITING, progress=machine.state)


def read_checks(machine: Machine, gate: Gate) -> Reading:
    """Do all configured checks pass? No rows is "not yet" (machines-api §7)."""
    start = read_start(machine)
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


def read_gate(machine: Machine, gate: Gate) -> Reading:
    """The reading that `gate` asks for; of a boot gate only whether it is up now."""
    match gate.kind:
        case GateKind.CHECKS:
            return read_checks(machine, gate)
        case GateKind.BOOT:
            return read_start(machine)
        case GateKind.REST:
            resting = machine.state in RESTING or machine.state == "started"
            return Reading(health=Health.PASSED if resting else Health.WAITING, progress=machine.state)
        case GateKind.GONE:
            gone = machine.state in DEAD
            return Reading(health=Health.PASSED if gone else Health.WAITING, progress=machine.state)


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


def is_stopped_by_proxy(machine: Machine) -> bool:
    """It came up in this version and was asked to stop, and has a service that lets the proxy do so (autostop)."""
    services = machine.config.get("services")
    may_stop = isinstance(services, list | tuple) and any(
        isinstance(service, Mapping) and service.get("autostop") in (True, "stop", "suspend")
        for service in services
    )
    asked = machine.last_exit is None or machine.last_exit.requested_stop
    return may_stop and asked and machine.last_start is not None


def failing_outputs(machine: Machine) -> tuple[str, ...]:
    """What the checks that do not pass said, shortened. Foreign text."""
    return tuple(
        f"{check.name}: {check.status}" + (f", {check.output.strip()[:200]}" if check.output.strip() else "")
        for check in machine.checks
        if check.status != "passing"
    )


def _broken(machine: Machine, why: str) -> Reading:
    last = machine.last_exit
    said = []
    if last is not None:
        said.append(
            f"last exit: code {last.exit_code}"
            + (", out of memory" if last.oom_killed else "")
            + (f", restarted {last.restart_count} times" if last.restart_count else "")
        )
    return Reading(health=Health.BROKEN, progress=machine.state, why=why, said=tuple(said))
