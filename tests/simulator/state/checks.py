"""Health checks: no rows right after boot, then rows that wait, then what the image's script says (machines-api §7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from tests.simulator.state.behaviours import Behaviour, find_behaviour
from tests.simulator.state.model import Check, Config, Machine
from tests.simulator.state.moments import note
from tests.simulator.state.world import World

COMPAT = "bg_deployments_compat"
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One configured check."""

    name: str
    grace: float
    interval: float


def read_seconds(value: object, *, default: float) -> float:
    """A duration: Go text ("1m30s") or whole nanoseconds, as older clients send."""
    if isinstance(value, bool) or value is None:
        return default
    if isinstance(value, int | float):
        return float(value) / 1e9
    parts = _PART.findall(str(value))
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else default


def list_probes(config: Config) -> Iterator[Probe]:
    """The checks of a configuration under the names that the platform gives them."""
    for name, check in (config.get("checks") or {}).items():
        yield _make_probe(name, check)
    number = 0
    for service in config.get("services") or []:
        for check in service.get("checks") or []:
            port = check.get("port") or service.get("internal_port")
            yield _make_probe(f"servicecheck-{number:02d}-{check.get('type') or 'tcp'}-{port}", check)
            number += 1


def _make_probe(name: str, check: Config) -> Probe:
    return Probe(
        name=name,
        grace=read_seconds(check.get("grace_period"), default=1.0),
        interval=read_seconds(check.get("interval"), default=15.0),
    )


def begin_checks(world: World, machine: Machine) -> None:
    """The machine has booted: its checks start from nothing."""
    machine.checks.clear()
    behaviour = find_behaviour(world.behaviours, machine)
    if behaviour.checks == "absent":
        return
    if world.switches.compat_row and machine.config.get("services"):
        machine.checks[COMPAT] = Check(name=COMPAT, status="passing", output="", updated_at=world.now)
    for probe in list_probes(machine.config):
        first = world.takes(world.timing.first_check, machine.id, machine.version, probe.name)
        world.later(first, machine.id, partial(_wait, world, machine, probe))
        seconds = behaviour.check_seconds
        wait = max(first, probe.grace + probe.interval if seconds is None else seconds)
        world.later(wait, machine.id, partial(_answer, world, machine, probe, behaviour))


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
    match behaviour.checks:
        case "never":
            _set(world, machine, probe, "critical", "500 Internal Server Error")
        case "pass" | "absent":
            _set(world, machine, probe, "passing", "200 OK")
        case "flap" | "pass_then_fail":
            _set(world, machine, probe, "passing", "200 OK")
            world.later(behaviour.check_changes, machine.id, lambda: _turn(world, machine, probe, behaviour))


def _turn(world: World, machine: Machine, probe: Probe, behaviour: Behaviour) -> None:
    """The probe changes its mind; one that flaps does so again and again."""
    passing = machine.checks[probe.name].status == "passing"
    _set(
        world,
        machine,
        probe,
        "critical" if passing else "passing",
        "connection refused" if passing else "200 OK",
    )
    if behaviour.checks == "flap":
        world.later(behaviour.check_changes, machine.id, lambda: _turn(world, machine, probe, behaviour))


def _set(world: World, machine: Machine, probe: Probe, status: str, output: str) -> None:
    known = machine.checks.get(probe.name)
    if known is not None and known.status == status:
        known.output = output
        return
    machine.checks[probe.name] = Check(name=probe.name, status=status, output=output, updated_at=world.now)
    note(world, machine)
