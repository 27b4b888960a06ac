"""Is this machine healthy, broken, or not ready yet? Functions from one observation to one reading, without input or output."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from entrypoint.fleet.managed import is_proxied, is_stopped_by_platform
from entrypoint.fleet.model import CheckStatus, Machine
from entrypoint.fleet.states import DEAD, SETTLED, STOPPED, TURNING, UP
from entrypoint.planning.model.steps import GateKind, HealthGate

CLOCKS_DIFFER = 2000
"""Milliseconds that a check's report may seem older than the start that it is about, because two hosts write the times."""


class Health(Enum):
    PASSED = auto()
    WAITING = auto()
    RESTS = auto()
    """It is stopped, and the reason is unknown. It is broken if that lasts; some servers show this briefly during an update."""
    ASLEEP = auto()
    """The proxy has stopped it (autostop). That says nothing about its health, so it must be started again."""
    BROKEN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The health, the progress ("1/2 checks"), and for a broken machine `why` (our text) and `said` (foreign text)."""

    health: Health
    progress: str
    why: str = ""
    said: tuple[str, ...] = ()


def serves(machine: Machine) -> bool:
    """Whether the proxy may send it requests, if it has services and is not cordoned."""
    return machine.state == "started" and all(check.status == "passing" for check in machine.checks)


def read_start(machine: Machine) -> Reading:
    """Has it started? BROKEN as soon as it fails, ends or keeps crashing (flyctl waits for its whole timeout)."""
    if machine.state in DEAD:
        return _broken(machine, f"it is {machine.state}")
    if is_crash_looping(machine):
        return _broken(machine, "it keeps crashing")
    if machine.state == "started":
        return Reading(health=Health.PASSED, progress="started")
    if machine.state == "failed":
        return _broken(machine, "it failed to start")
    if machine.state in STOPPED:
        return _read_rest(machine)
    return Reading(health=Health.WAITING, progress=machine.state)


def _read_rest(machine: Machine) -> Reading:
    last = machine.last_exit
    if is_stopped_by_proxy(machine):
        return Reading(health=Health.ASLEEP, progress=machine.state, why="the proxy stopped it")
    if last is None or last.requested_stop:
        why = "it stopped, and Fly does not show why" if last is None else "somebody stopped it"
        return Reading(health=Health.RESTS, progress=machine.state, why=why, said=_exit_said(machine))
    if last.restarting:
        return Reading(health=Health.WAITING, progress="restarting")
    return _broken(machine, f"its process ended with code {last.exit_code}")


def read_checks(machine: Machine, gate: HealthGate) -> Reading:
    """Does every expected report pass, and no other fail? Without reports it is WAITING: Fly shows none right after a boot."""
    start = read_start(machine)
    if start.health is not Health.PASSED:
        return start
    rows = reports(machine)
    passing = {row.name for row in rows if row.status == "passing"}
    missing = set(gate.checks) - passing
    total = len(set(gate.checks) | {row.name for row in rows})
    progress = f"{len(passing)}/{total} checks"
    if total and not missing and len(passing) == total:
        return Reading(health=Health.PASSED, progress=progress)
    return Reading(health=Health.WAITING, progress=progress, said=failing_outputs(machine))


def reports(machine: Machine) -> tuple[CheckStatus, ...]:
    """The reports since the machine's last start."""
    if machine.last_start is None:
        return machine.checks
    since = machine.last_start - CLOCKS_DIFFER
    return tuple(row for row in machine.checks if row.updated_at is None or row.updated_at >= since)


def reports_under_other_names(machine: Machine, gate: HealthGate) -> bool:
    """Whether as many reports as expected pass, and none fails, under any names."""
    rows = reports(machine)
    enough = len({row.name for row in rows}) >= len(gate.checks) > 0
    return enough and all(row.status == "passing" for row in rows)


def is_settled(machine: Machine) -> bool:
    """Whether it is in a lasting state, running or not."""
    return machine.state in SETTLED


def is_as_gated(machine: Machine, gate: HealthGate, *, passed: bool) -> bool:
    """Whether the gate holds now. `passed`: this version has passed it before.

    Then a machine that Fly is starting or stopping, or has stopped, still counts.
    """
    match gate.kind:
        case GateKind.CHECKS | GateKind.BOOT:
            if passed and is_proxied(machine.config) and machine.state in TURNING:
                return True
            reading = read_checks(machine, gate) if gate.kind is GateKind.CHECKS else read_start(machine)
            if gate.kind is GateKind.CHECKS and machine.state == "started" and passed:
                return reading.health is Health.PASSED or reports_under_other_names(machine, gate)
            return reading.health is Health.PASSED or (passed and reading.health is Health.ASLEEP)
        case GateKind.REST:
            return is_settled(machine) or (is_proxied(machine.config) and machine.state in TURNING)
        case GateKind.GONE:
            return machine.state in DEAD
        case _:
            assert_never(gate.kind)


def holds_unseen(machine: Machine, gate: HealthGate) -> bool:
    """Whether the gate of a version holds now of which nobody saw that it passed. It need not where the proxy or a person stopped it."""
    by_request = machine.last_exit is not None and machine.last_exit.requested_stop
    rests = is_proxied(machine.config) or (machine.state in STOPPED and by_request)
    if rests and machine.state not in UP:
        return machine.state != "failed"
    return is_as_gated(machine, gate, passed=False) or (
        gate.kind is GateKind.CHECKS
        and read_start(machine).health is Health.PASSED
        and reports_under_other_names(machine, gate)
    )


def read_passed(machine: Machine, gate: HealthGate) -> Reading:
    """Is a machine that has passed still healthy? BROKEN if a check turned critical, or its process ended, restarted or stopped.

    The caller has removed the exits from before it passed.
    """
    last = machine.last_exit
    if last is not None and not last.requested_stop:
        again = ", and was restarted" if last.restarting else ""
        return _broken(machine, f"it passed, and then its process ended with code {last.exit_code}{again}")
    start = read_start(machine)
    if start.health in (Health.BROKEN, Health.RESTS):
        return _broken(machine, f"it passed, and then {start.why}")
    critical = [row for row in reports(machine) if row.status == "critical"]
    if gate.kind is GateKind.CHECKS and machine.state == "started" and critical:
        return Reading(
            health=Health.BROKEN,
            progress=machine.state,
            why=f"it passed, and then its check {critical[0].name} turned critical",
            said=failing_outputs(machine),
        )
    return Reading(health=Health.PASSED, progress=machine.state)


def is_crash_looping(machine: Machine) -> bool:
    """Whether its newest exit is a crash after which Fly restarts it again (flyctl leasable_machine.go:WaitForSmokeChecksToPass)."""
    last = machine.last_exit
    return (
        last is not None
        and last.restarting
        and not last.requested_stop
        and last.exit_code != 0
        and last.restart_count > 1
    )


def is_stopped_by_proxy(machine: Machine) -> bool:
    """Whether the proxy stopped it: a service has autostop, and the stop was requested."""
    asked = machine.last_exit is None or machine.last_exit.requested_stop
    return is_stopped_by_platform(machine.config) and asked


def failing_outputs(machine: Machine) -> tuple[str, ...]:
    """The output of the checks that do not pass, shortened. Foreign text."""
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
