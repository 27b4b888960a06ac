"""Health checks: no rows right after boot, then rows that wait, then what the image's script says."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.simulator.state.behaviours import Behaviour, find_behaviour
from tests.simulator.state.model import Check, Machine
from tests.simulator.state.moments import note
from tests.simulator.state.probes import Probe, list_probes
from tests.simulator.state.world import World

COMPAT = "bg_deployments_compat"


def begin_checks(world: World, machine: Machine) -> None:
    """The machine has booted, or a write has reset its checks: they start from nothing."""
    machine.checks.clear()
    machine.check_round += 1
    behaviour = find_behaviour(world.behaviours, machine)
    if behaviour.checks == "absent":
        return
    if world.switches.compat_row and machine.config.get("services"):
        machine.checks[COMPAT] = Check(name=COMPAT, status="passing", output="", updated_at=world.now)
    for probe in list_probes(machine.config):
        first = world.takes(world.timing.first_check, machine.id, machine.version, probe.name)
        _later(world, machine, first, partial(_wait, world, machine, probe))
        seconds = behaviour.check_seconds
        wait = max(first, probe.grace + probe.interval if seconds is None else seconds)
        _later(world, machine, wait, partial(_answer, world, machine, probe, behaviour))


def reset_checks(world: World, machine: Machine) -> None:
    """Something was written that makes the platform forget what the checks of a running machine said."""
    if machine.state == "started":
        begin_checks(world, machine)
        note(world, machine)


def _later(world: World, machine: Machine, seconds: float, act: Callable[[], None]) -> None:
    """Let `act` happen unless the checks have begun anew by then."""
    begun = machine.check_round

    def happen() -> None:
        if machine.check_round == begun:
            act()

    world.later(seconds, machine.id, happen)


def age_checks(machine: Machine, *, now: float) -> None:
    """The machine rests: what its checks said last goes stale."""
    for check in machine.checks.values():
        if check.status != "warning":
            check.status, check.updated_at = "warning", now


def _wait(world: World, machine: Machine, probe: Probe) -> None:
    """The probe has a row, and no answer yet."""
    _set(world, machine, probe, world.switches.first_check_status, "waiting for status update")


def _answer(world: World, machine: Machine, probe: Probe, behaviour: Behaviour) -> None:
    """The probe gets its first real answer."""
    if probe.port in behaviour.closed:
        _set(world, machine, probe, "critical", "connect: connection refused")
        return
    match behaviour.checks:
        case "never":
            _set(world, machine, probe, "critical", "500 Internal Server Error")
        case "pass" | "absent":
            _set(world, machine, probe, "passing", "200 OK")
        case "flap" | "pass_then_fail":
            _set(world, machine, probe, "passing", "200 OK")
            _later(world, machine, behaviour.check_changes, partial(_turn, world, machine, probe, behaviour))


def _turn(world: World, machine: Machine, probe: Probe, behaviour: Behaviour) -> None:
    """The probe gives the other answer; one that flaps does so again and again."""
    passing = machine.checks[probe.name].status == "passing"
    _set(
        world,
        machine,
        probe,
        "critical" if passing else "passing",
        "connection refused" if passing else "200 OK",
    )
    if behaviour.checks == "flap":
        _later(world, machine, behaviour.check_changes, partial(_turn, world, machine, probe, behaviour))


def _set(world: World, machine: Machine, probe: Probe, status: str, output: str) -> None:
    known = machine.checks.get(probe.name)
    if known is not None and known.status == status:
        known.output = output
        return
    machine.checks[probe.name] = Check(name=probe.name, status=status, output=output, updated_at=world.now)
    note(world, machine)
