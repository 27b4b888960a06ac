"""Wait until a machine has passed its gate, or say why it will not.

What counts is what a GET shows. `wait` only tells when to look again, so that a server that answers it early, late, or for one
state only changes nothing but the number of requests. A gate looks and waits; starting a machine again that the proxy has stopped
is its caller's (`wake`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

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
    look,
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
from entrypoint.rollout.ports import Machines

SLICE = 20.0
"""Seconds of one long poll: how late a machine that rests or failed is noticed where the API watches for one state only."""
OTHER_NAMES_AFTER = 10.0
"""Seconds after which as many passing reports as expected count, although they have other names."""
RESTS_FOR = 10.0
"""Seconds that a machine may rest without a word why before it counts as stopped by itself."""
ASLEEP_FOR = 3.0
"""Seconds before a machine that never was seen to run counts as stopped by the proxy: it may just be replaced."""

Wake = Callable[[], Awaitable[object]]


async def pass_gate(
    machines: Machines,
    expected: Expectation,
    gate: HealthGate,
    *,
    report: Callable[[str], None],
    wake: Wake,
) -> Machine:
    """Wait for the gate, but for the boot watch (rollout/boot.py). Returns the last observation; raises HealthGateFailed."""
    if gate.kind in (GateKind.REST, GateKind.GONE):
        return await settle(machines, expected, timeout=gate.timeout)
    seen = await come_up(machines, expected, timeout=gate.timeout, wake=wake)
    report("started")
    if gate.kind is GateKind.CHECKS:
        seen = await _Checks(machines, expected, gate, report=report, wake=wake).become_healthy(seen)
    return seen


async def settle(machines: Machines, expected: Expectation, *, timeout: float) -> Machine:
    """Wait until the machine is between no two states, running or not."""
    deadline = anyio.current_time() + timeout
    while True:
        seen = await look(machines, expected, until=deadline)
        if seen.state in DEAD:
            raise HealthGateFailed(f"it is {seen.state}")
        if is_settled(seen) and not expected.is_stale(seen):
            check_ours(seen, expected)
            return seen
        left = deadline - anyio.current_time()
        if left <= 0:
            raise HealthGateFailed(f"it is {seen.state} and did not settle within {timeout:.0f} s")
        await long_poll(machines, expected, "stopped", "started", timeout=min(SLICE, left))


async def come_up(machines: Machines, expected: Expectation, *, timeout: float, wake: Wake) -> Machine:
    """Wait until it runs, waking it where the proxy has stopped it. Raises HealthGateFailed."""
    deadline = anyio.current_time() + timeout
    rest = _Rest(wake, asleep_for=ASLEEP_FOR)
    while True:
        left = deadline - anyio.current_time()
        if rest.since is None:
            await long_poll(machines, expected, "started", "stopped", "failed", timeout=min(SLICE, left))
        else:
            await long_poll(machines, expected, "started", timeout=min(ASLEEP_FOR, left))
        seen = await look(machines, expected, until=deadline)
        check_ours(seen, expected)
        reading = read_start(seen)
        if not expected.is_stale(seen):
            if reading.health is Health.PASSED:
                return seen
            await rest.judge(reading)
        if anyio.current_time() >= deadline:
            raise HealthGateFailed(f"it is {seen.state} and did not start within {timeout:.0f} s")


class _Rest:
    """Since when a machine rests that should run, and what follows from it."""

    def __init__(self, wake: Wake, *, asleep_for: float) -> None:
        self._wake = wake
        self._asleep_for = asleep_for
        self.since: float | None = None

    async def judge(self, reading: Reading) -> None:
        """Wake it where the proxy stopped it. Raises HealthGateFailed where it is broken, or has rested too long."""
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
    """The part of a gate that begins when the machine is up."""

    def __init__(
        self,
        machines: Machines,
        expected: Expectation,
        gate: HealthGate,
        *,
        report: Callable[[str], None],
        wake: Wake,
    ) -> None:
        self._machines = machines
        self._expected = expected
        self._gate = gate
        self._report = report
        self._rest = _Rest(wake, asleep_for=0.0)
        self._progress = ""
        self._slept = False

    async def become_healthy(self, seen: Machine) -> Machine:
        """Every expected report passes."""
        deadline = anyio.current_time() + self._gate.timeout
        others_since: float | None = None
        while True:
            reading = self._read(seen)
            if reading.health is Health.PASSED:
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
            await anyio.sleep(POLL)
            seen = await look(self._machines, self._expected, until=deadline)
            check_ours(seen, self._expected)

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
    """Why a machine that the proxy stops does not pass."""
    return f"it {what} within {timeout:.0f} s: the proxy stopped it again and again (autostop)"
