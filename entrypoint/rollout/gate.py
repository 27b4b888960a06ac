"""Waits until a machine has passed its gate, or tells why it will not.

Only what a GET shows counts. The wait request only tells when to look again. So a server that answers it early, late, or for one state only
changes nothing but the number of requests. The caller starts a machine again that the proxy has stopped (`wake`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from entrypoint.fleet.model import Machine
from entrypoint.fleet.states import DEAD
from entrypoint.planning.model.steps import GateKind, HealthGate
from entrypoint.rollout.expectation import (
    POLL,
    Expectation,
    HealthGateFailed,
    check_ours,
    long_poll,
    pace,
)
from entrypoint.rollout.health import (
    Health,
    Reading,
    failing_outputs,
    is_settled,
    read_checks,
    read_start,
    reports,
    reports_under_other_names,
)
from entrypoint.rollout.looks import SOON, Looks
from entrypoint.rollout.ports import Machines

SLICE = 20.0
"""Seconds of one long poll. So late is a stopped or failed machine noticed on a server that waits for one state only."""
OTHER_NAMES_AFTER = 10.0
"""Seconds after which passing reports under other names count, if there are as many as expected."""
RESTS_FOR = 10.0
"""Seconds that a machine may be stopped without an exit event before it counts as ended."""
SOON_FOR = 3.0
"""Seconds after the start in which checks are read every SOON seconds, afterwards every POLL."""
ASLEEP_FOR = 3.0
"""Seconds before a machine that was never seen running counts as stopped by the proxy. Its update may still be in progress."""

Wake = Callable[[], Awaitable[object]]


async def pass_gate(
    machines: Machines,
    expected: Expectation,
    gate: HealthGate,
    *,
    report: Callable[[str], None],
    wake: Wake,
    looks: Looks | None = None,
) -> Machine:
    """Wait for the gate, without the boot watch (rollout/boot.py). Returns the last observation. Raises HealthGateFailed.

    `looks`: shared with other gates that wait at the same time.
    """
    looks = looks or Looks(machines)
    if gate.kind in (GateKind.REST, GateKind.GONE):
        return await settle(machines, expected, timeout=gate.timeout, looks=looks)
    with looks.gating():
        return await _pass(machines, expected, gate, report=report, wake=wake, looks=looks)


async def _pass(
    machines: Machines,
    expected: Expectation,
    gate: HealthGate,
    *,
    report: Callable[[str], None],
    wake: Wake,
    looks: Looks,
) -> Machine:
    after = partial(looks.first_look, gate) if gate.kind is GateKind.CHECKS else _at_once
    up = _ComingUp(machines, expected, wake=wake, looks=looks, after=after)
    seen = await up.come_up(timeout=gate.timeout)
    report("started")
    if gate.kind is GateKind.CHECKS:
        checks = _Checks(expected, gate, report=report, wake=wake, looks=looks)
        seen = await checks.become_healthy(seen, since=up.since)
    return seen


async def hold_gate(
    machines: Machines, expected: Expectation, gate: HealthGate, *, wake: Wake, looks: Looks
) -> None:
    """Check with one read that a passed gate still holds; if not, wait for the whole gate again. Raises HealthGateFailed."""
    checks = _Checks(expected, gate, report=_silent, wake=wake, looks=looks)
    if not await checks.hold():
        await pass_gate(machines, expected, gate, report=_silent, wake=wake, looks=looks)


def _silent(_: str) -> None:
    """Report nothing: the gate was reported when it passed."""


async def settle(
    machines: Machines, expected: Expectation, *, timeout: float, looks: Looks | None = None
) -> Machine:
    """Wait until the machine is in a lasting state, running or not. Raises HealthGateFailed."""
    looks = looks or Looks(machines)
    deadline = anyio.current_time() + timeout

    def doubts(seen: Machine) -> bool:
        return _is_foreign(seen, expected) or seen.state in DEAD

    while True:
        begun = anyio.current_time()
        seen = await looks.look(expected, due=begun, until=deadline, doubts=doubts)
        if seen.state in DEAD:
            raise HealthGateFailed(f"it is {seen.state}")
        if is_settled(seen) and not expected.is_stale(seen):
            check_ours(seen, expected)
            return seen
        left = deadline - anyio.current_time()
        if left <= 0:
            raise HealthGateFailed(f"it is {seen.state} and did not settle within {timeout:.0f} s")
        await long_poll(machines, expected, "stopped", "started", timeout=min(SLICE, left))
        await pace(begun)


async def come_up(
    machines: Machines, expected: Expectation, *, timeout: float, wake: Wake, looks: Looks
) -> Machine:
    """Wait until it runs. Starts it if the proxy has stopped it. Raises HealthGateFailed."""
    up = _ComingUp(machines, expected, wake=wake, looks=looks, after=_at_once)
    return await up.come_up(timeout=timeout)


def _at_once() -> float:
    return 0.0


class _ComingUp:
    """The part of a gate until the machine runs. It is read `after` seconds after the API says that it runs."""

    def __init__(
        self,
        machines: Machines,
        expected: Expectation,
        *,
        wake: Wake,
        looks: Looks,
        after: Callable[[], float],
    ) -> None:
        self._machines = machines
        self._expected = expected
        self._looks = looks
        self._after = after
        self._rest = _Rest(wake, asleep_for=ASLEEP_FOR)
        self.since = 0.0
        """When the API said that it runs."""

    async def come_up(self, *, timeout: float) -> Machine:
        """Wait until it runs. Raises HealthGateFailed."""
        expected = self._expected
        deadline = anyio.current_time() + timeout
        while True:
            begun = anyio.current_time()
            reached = await self._wait(left=deadline - begun)
            self.since = anyio.current_time()
            due = self.since + (self._after() if reached == "started" else 0.0)
            seen = await self._looks.look(expected, due=due, until=deadline, doubts=self._doubts)
            check_ours(seen, expected)
            reading = read_start(seen)
            if not expected.is_stale(seen):
                if reading.health is Health.PASSED:
                    return seen
                await self._rest.judge(reading)
            if anyio.current_time() >= deadline:
                raise HealthGateFailed(f"it is {seen.state} and did not start within {timeout:.0f} s")
            await pace(begun)

    async def _wait(self, *, left: float) -> str | None:
        if self._rest.since is not None:
            return await long_poll(self._machines, self._expected, "started", timeout=min(ASLEEP_FOR, left))
        states = ("started", "stopped", "failed")
        return await long_poll(self._machines, self._expected, *states, timeout=min(SLICE, left))

    def _doubts(self, seen: Machine) -> bool:
        return _is_foreign(seen, self._expected) or not _is_believed(seen, read_start(seen))


def _is_believed(seen: Machine, reading: Reading) -> bool:
    """Whether a list's row is enough: the machine still waits, or it has passed and the row tells its last start. Without that time, its
    reports may be from an earlier start.
    """
    has_passed = reading.health is Health.PASSED and seen.last_start is not None
    return has_passed or reading.health is Health.WAITING


def _is_foreign(seen: Machine, expected: Expectation) -> bool:
    return not expected.is_ours(seen) and not expected.is_stale(seen)


class _Rest:
    """Since when a machine is stopped that should run, and what follows from that."""

    def __init__(self, wake: Wake, *, asleep_for: float) -> None:
        self._wake = wake
        self._asleep_for = asleep_for
        self.since: float | None = None

    async def judge(self, reading: Reading) -> None:
        """Start it if the proxy has stopped it. Raises HealthGateFailed if it is broken, or stopped for too long."""
        if reading.health is Health.BROKEN:
            raise HealthGateFailed(reading.why, said=reading.said)
        if reading.health not in (Health.RESTS, Health.ASLEEP):
            self.since = None
            return
        now = anyio.current_time()
        self.since = now if self.since is None else self.since
        if reading.health is Health.RESTS and now - self.since >= RESTS_FOR:
            raise HealthGateFailed(reading.why, said=reading.said)
        if reading.health is Health.ASLEEP and now - self.since >= self._asleep_for:
            self.since = None
            await self._wake()


class _Checks:
    """The part of a gate from when the machine runs until its checks pass."""

    def __init__(
        self,
        expected: Expectation,
        gate: HealthGate,
        *,
        report: Callable[[str], None],
        wake: Wake,
        looks: Looks,
    ) -> None:
        self._looks = looks
        self._expected = expected
        self._gate = gate
        self._report = report
        self._rest = _Rest(wake, asleep_for=0.0)
        self._progress = ""
        self._slept = False

    async def become_healthy(self, seen: Machine, *, since: float) -> Machine:
        """Wait until every expected check passes. `since`: when the machine began to run. Raises HealthGateFailed."""
        deadline = anyio.current_time() + self._gate.timeout
        due = since + self._looks.first_look(self._gate)
        others_since: float | None = None
        while True:
            reading = self._read(seen)
            if reading.health is Health.PASSED:
                self._looks.learn(self._gate, seen, seconds=due - since)
                return seen
            await self._judge(reading, seen)
            now = anyio.current_time()
            if reading.health is Health.WAITING and self._pass_otherwise(seen):
                others_since = now if others_since is None else others_since
                if now - others_since >= OTHER_NAMES_AFTER:
                    return seen
            else:
                others_since = None
            if now >= deadline:
                raise HealthGateFailed(self._never_passed(seen, reading), said=reading.said)
            due = max(due, now - SOON) + (SOON if now < since + SOON_FOR else POLL)
            seen = await self._looks.look(self._expected, due=due, until=deadline, doubts=self._doubts)
            check_ours(seen, self._expected)

    async def hold(self) -> bool:
        """Whether the checks pass now."""
        now = anyio.current_time()
        seen = await self._looks.look(
            self._expected, due=now, until=now + self._gate.timeout, doubts=self._doubts
        )
        check_ours(seen, self._expected)
        return self._read(seen).health is Health.PASSED

    def _doubts(self, seen: Machine) -> bool:
        reading = read_checks(seen, self._gate)
        return _is_foreign(seen, self._expected) or not _is_believed(seen, reading)

    def _read(self, seen: Machine) -> Reading:
        if self._expected.is_stale(seen):
            return Reading(health=Health.WAITING, progress=self._progress)
        reading = read_checks(seen, self._gate)
        if reading.progress != self._progress and seen.checks:
            self._progress = reading.progress
            self._report(reading.progress)
        return reading

    async def _judge(self, reading: Reading, seen: Machine) -> None:
        self._slept = self._slept or reading.health is Health.ASLEEP
        try:
            await self._rest.judge(reading)
        except HealthGateFailed as failure:
            raise HealthGateFailed(failure.why, said=(*failure.said, *failing_outputs(seen))) from failure

    def _pass_otherwise(self, seen: Machine) -> bool:
        running = seen.state == "started" and not self._expected.is_stale(seen)
        return running and reports_under_other_names(seen, self._gate)

    def _never_passed(self, seen: Machine, reading: Reading) -> str:
        gate = self._gate
        if self._slept and seen.state != "started":
            return kept_asleep(f"never passed {gate.label}", gate.timeout)
        if not reports(seen):
            return f"none of its {len(gate.checks)} checks reported within {gate.timeout:.0f} s"
        return f"never passed {gate.label} within {gate.timeout:.0f} s ({reading.progress})"


def kept_asleep(what: str, timeout: float) -> str:
    """The reason for a machine that did not pass because the proxy kept stopping it."""
    return f"it {what} within {timeout:.0f} s: the proxy stopped it again and again (autostop)"
