"""How long a deploy is likely to take, from how long this fleet's machines took to boot and to pass their checks last time.

If the fleet does not show that, the grace period and interval of the checks are used. No decision depends on a forecast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import assert_never

from entrypoint.fleet.model import Machine
from entrypoint.kernel.durations import parse_seconds
from entrypoint.kernel.ids import GroupName
from entrypoint.kernel.json import Json
from entrypoint.kernel.verify import Verify
from entrypoint.manifest.model import objects
from entrypoint.planning.model.forecast import Forecast, Seconds
from entrypoint.planning.model.plan import BootWatch, Lane, Stage, Wave
from entrypoint.planning.model.steps import (
    BOOT_SECONDS,
    DRAIN_SECONDS,
    Cordon,
    Create,
    Destroy,
    Discard,
    GateKind,
    HealthGate,
    Route,
    Start,
    Step,
    Update,
    is_done,
)
from entrypoint.planning.observed import Seen

_REPLACE = Seconds(low=0.5, likely=2, high=6)
"""The API changes a machine's config, and pulls the image if its host does not have it."""
_BOOT = Seconds(low=1, likely=4, high=20)
"""Used if no machine of the group shows how long it took."""
_SETTLE = Seconds(low=0.5, likely=2, high=6)
_GONE = Seconds(low=1, likely=3, high=10)
_TEST = Seconds(low=3, likely=10, high=40)
"""A machine check: a machine is created, runs a command, and is destroyed."""
_AROUND = Seconds(low=1, likely=2, high=5)
"""Leases before, proof after."""
_LONGEST = 600.0
"""Seconds. Longer times are ignored as exceptional."""
_CREATE_EVERY = 1.0
"""Seconds. Fly allows one create per second and app, after a burst of three."""
_INTERVAL = 15.0
"""Seconds between checks where the config does not say (https://fly.io/docs/reference/health-checks/)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Habits:
    """How long machines of a group took, in seconds; None where no machine shows it."""

    boot: Seconds | None
    checks: Seconds | None


def forecast(stages: Sequence[Stage], *, seen: Sequence[Seen], verify: Verify | None) -> Forecast:
    """The duration of a plan: its stages in sequence, of each the longest lane, of each lane its waves in sequence."""
    habits = {group: _habits(machines) for group, machines in _by_group(seen).items()}
    spans = tuple(_stage(stage, habits) for stage in stages)
    rolls = {
        lane.group: _lane(lane, _known(habits, lane.group))
        for stage in stages
        for lane in stage.lanes
        if any(isinstance(step, Update) for wave in lane.waves for step in wave.steps)
    }
    total = sum(spans, _AROUND if spans else Seconds())
    bake = float(verify.bake) if verify is not None and spans else 0.0
    return Forecast(
        stages=spans,
        groups=rolls,
        total=total + Seconds(low=bake, likely=bake, high=bake),
        measured=any(known.boot or known.checks for known in habits.values()),
    )


def _by_group(seen: Sequence[Seen]) -> dict[GroupName, list[Machine]]:
    found: dict[GroupName, list[Machine]] = defaultdict(list)
    for s in seen:
        found[s.group].append(s.machine)
    return found


def _habits(machines: Sequence[Machine]) -> _Habits:
    boots = [m.boot_seconds for m in machines if m.boot_seconds is not None and m.boot_seconds <= _LONGEST]
    return _Habits(boot=_span(boots), checks=_span(list(_passed_after(machines))))


def _passed_after(machines: Sequence[Machine]) -> Iterator[float]:
    """Seconds from a machine's start until the last of its checks passed: `updated_at` is when the status last changed."""
    for machine in machines:
        times = [check.updated_at for check in machine.checks]
        passing = machine.checks and all(check.status == "passing" for check in machine.checks)
        if passing and machine.last_start is not None:
            took = [(time - machine.last_start) / 1000 for time in times if time is not None]
            if took and 0 <= max(took) <= _LONGEST:
                yield max(took)


def _span(values: Sequence[float]) -> Seconds | None:
    return Seconds(low=min(values), likely=median(values), high=max(values) * 1.5) if values else None


def _stage(stage: Stage, habits: Mapping[GroupName, _Habits]) -> Seconds:
    longest = Seconds()
    for lane in stage.lanes:
        longest = longest.longest(_lane(lane, _known(habits, lane.group)))
    asks = DRAIN_SECONDS if stage.asks else 0.0
    return longest + Seconds(low=asks, likely=asks, high=asks)


def _known(habits: Mapping[GroupName, _Habits], group: GroupName) -> _Habits:
    return habits.get(group, _Habits(boot=None, checks=None))


def _lane(lane: Lane, habits: _Habits) -> Seconds:
    total = Seconds()
    for number, wave in enumerate(lane.waves):
        is_last = number == len(lane.waves) - 1
        total += _wave(wave, habits, holds=is_last or wave.boot_watch is BootWatch.HOLDS)
    return total


def _wave(wave: Wave, habits: _Habits, *, holds: bool) -> Seconds:
    ahead = [step for step in wave.steps if not is_done(step)]
    longest = Seconds()
    for step in {_what_takes_time(step): step for step in ahead}.values():
        longest = longest.longest(_step(step, habits, holds=holds))
    queue = _CREATE_EVERY * max(0, sum(isinstance(step, Create) for step in ahead) - 1)
    return longest + Seconds(low=0.0, likely=queue, high=queue)


def _what_takes_time(step: Step) -> tuple[object, ...]:
    """Equal for steps that take equally long. Thousands of machines with the same config are forecast once."""
    match step:
        case Create():
            return Create, id(step.config), id(step.gate), step.skip_launch, step.standby_for is None
        case Update():
            return Update, id(step.config), id(step.gate), step.launch, step.start, step.drain
        case Start():
            return Start, id(step.machine.config), id(step.gate)
        case Destroy():
            return Destroy, step.retire
        case Route() | Cordon() | Discard():
            return (type(step),)
        case _:
            assert_never(step)


def _step(step: Step, habits: _Habits, *, holds: bool) -> Seconds:
    match step:
        case Create():
            rests = step.skip_launch or step.standby_for is not None
            return _SETTLE if rests else _REPLACE + _launch(step.config, step.gate, habits, holds=holds)
        case Update():
            drained = Seconds(low=DRAIN_SECONDS, likely=DRAIN_SECONDS, high=DRAIN_SECONDS)
            runs = step.launch or step.start
            taken = _launch(step.config, step.gate, habits, holds=holds) if runs else _SETTLE
            return _REPLACE + taken + (drained if step.drain else Seconds())
        case Start():
            return _launch(step.machine.config, step.gate, habits, holds=holds)
        case Route():
            return Seconds(low=1, likely=DRAIN_SECONDS, high=2 * DRAIN_SECONDS)
        case Cordon():
            return Seconds(low=0.2, likely=0.5, high=2)
        case Discard():
            return _GONE
        case Destroy():
            drained = Seconds(low=DRAIN_SECONDS, likely=DRAIN_SECONDS + 2, high=DRAIN_SECONDS + 10)
            return _GONE + (drained if step.retire else Seconds())
        case _:
            assert_never(step)


def _launch(config: Mapping[str, Json], gate: HealthGate, habits: _Habits, *, holds: bool) -> Seconds:
    """From the start until its gate has passed."""
    boot = habits.boot or _BOOT
    tests = Seconds()
    for _ in gate.tests:
        tests += _TEST
    match gate.kind:
        case GateKind.CHECKS:
            return boot + (habits.checks or _first_pass(config)) + tests
        case GateKind.BOOT:
            watch = BOOT_SECONDS if holds else 0.0
            return boot + Seconds(low=watch, likely=watch, high=watch) + tests
        case GateKind.REST:
            return _SETTLE
        case GateKind.GONE:
            return _GONE
        case _:
            assert_never(gate.kind)


def _first_pass(config: Mapping[str, Json]) -> Seconds:
    """How long the checks take to pass: the first probe comes after the grace period, the next after an interval."""
    checks = [
        check for service in objects(config.get("services")) for check in objects(service.get("checks"))
    ]
    named = config.get("checks")
    checks += [c for c in named.values() if isinstance(c, Mapping)] if isinstance(named, Mapping) else []
    grace = max((_seconds(check, "grace_period", 0.0) for check in checks), default=0.0)
    interval = max((_seconds(check, "interval", _INTERVAL) for check in checks), default=_INTERVAL)
    return Seconds(low=grace, likely=grace + interval / 2, high=grace + 2 * interval)


def _seconds(check: Mapping[str, Json], key: str, default: float) -> float:
    text = check.get(key)
    try:
        return parse_seconds(text) if isinstance(text, str) else default
    except ValueError:
        return default
